"""The reference pipelines of the issue, one a module: ``build(...) -> Pipeline`` (see ``pipeline``)."""
