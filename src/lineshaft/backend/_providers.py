"""ONNX Runtime's execution providers as a target names them.

``options.onnxruntime`` of a target holds ``providers``, in order of preference ("CUDAExecutionProvider,
CPUExecutionProvider"; the CPU alone where it is absent), and options of a provider as ``<provider>.<option>``.
"""

from __future__ import annotations

import onnxruntime as ort

from lineshaft.core.errors import EnvironmentFailed
from lineshaft.core.target import Target

CPU = "CPUExecutionProvider"
_TENSORRT = "TensorrtExecutionProvider"
# Where a provider keeps its tensors, in the words of ``OrtValue``. One that is not here can't be bound rightly.
_MEMORY = {CPU: "cpu", "OpenVINOExecutionProvider": "cpu", "CoreMLExecutionProvider": "cpu",
           "DnnlExecutionProvider": "cpu", "XnnpackExecutionProvider": "cpu",
           "CUDAExecutionProvider": "cuda", _TENSORRT: "cuda", "DmlExecutionProvider": "dml"}
_PACKAGES = {"CUDAExecutionProvider": "onnxruntime-gpu", _TENSORRT: "onnxruntime-gpu",
             "OpenVINOExecutionProvider": "onnxruntime-openvino", "DmlExecutionProvider": "onnxruntime-directml"}


def named(target: Target) -> tuple[str, ...]:
    """Providers of a target in order of preference."""
    return tuple(name.strip() for name in target.option("onnxruntime", "providers", CPU).split(",") if name.strip())


def memory(target: Target) -> tuple[str, int]:
    """Kind and number of the device on which the first provider keeps tensors."""
    first = named(target)[0]
    return _MEMORY[first], int(_options(target, first).get("device_id", "0"))


def refused(target: Target) -> list[str]:
    """Why the providers of a target can't be had here."""
    available = ort.get_available_providers()
    names = named(target)
    if not names:
        return ["option onnxruntime.providers is empty; name one, or leave it out for the CPU"]
    found = [_absent(name, available) for name in names if name not in available]
    found += [f"{name} is not offered: where it keeps its tensors is not known" for name in names
              if name in available and name not in _MEMORY]
    if any(_options(target, name).get("enable_cuda_graph", "0") not in ("0", "False") for name in names):
        found.append("enable_cuda_graph is not offered: a captured graph has fixed addresses, and state alternates")
    return found


def started(model: bytes, target: Target, assets: int) -> ort.InferenceSession:
    """A session on the target's providers; ``EnvironmentFailed`` where one of them does not start."""
    options = quiet(target.threads)
    options.add_free_dimension_override_by_name("A", assets)  # TensorRT then needs no profile of shapes
    options.enable_mem_pattern = memory(target)[0] != "dml"  # DirectML has none
    names = named(target)
    try:
        # With its fallback, ONNX Runtime talks on stdout and goes on with the CPU.
        made = ort.InferenceSession(model, options, providers=[(name, _options(target, name)) for name in names],
                                    enable_fallback=0)
    except (RuntimeError, ValueError) as error:
        raise _failed(f"one of {', '.join(names)}", target) from error
    # CUDA without its libraries is passed over even so, with no more than a line in the log.
    asleep = [name for name in names if name not in made.get_providers()]
    if asleep:
        raise _failed(", ".join(asleep), target)
    return made


def _failed(names: str, target: Target) -> EnvironmentFailed:
    return EnvironmentFailed(f"{names} did not start", where=f"target {target.name}",
                             do="look at the driver and the libraries that it needs, or choose another target")


def used(graph: bytes) -> bytes:
    """The graph without inputs that no operator reads.

    OpenVINO's provider drops them on its side only and then takes each input for the one after it, in silence where
    shapes allow (onnxruntime-openvino 1.24.1).
    """
    import onnx

    model = onnx.load_from_string(graph)
    read = {name for node in model.graph.node for name in node.input}
    kept = [value for value in model.graph.input if value.name in read]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    return bytes(model.SerializeToString(deterministic=True))


def quiet(threads: int) -> ort.SessionOptions:
    """Options of every session: so many threads, none of them spinning."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _options(target: Target, provider: str) -> dict[str, str]:
    """A provider's own options; TensorRT's arithmetic follows the target's precision."""
    every = target.options.get("onnxruntime", {})
    own = {name.removeprefix(f"{provider}."): value for name, value in every.items() if name.startswith(f"{provider}.")}
    if provider == _TENSORRT:
        wanted = {"float16": "trt_fp16_enable", "int8": "trt_int8_enable"}.get(target.precision)
        return {**({wanted: "1"} if wanted else {}), **own}
    return own


def _absent(name: str, available: list[str]) -> str:
    package = _PACKAGES.get(name)
    do = f"; install {package} in place of onnxruntime" if package else ""
    return f"this onnxruntime has no {name} (it has {', '.join(available)}){do}"
