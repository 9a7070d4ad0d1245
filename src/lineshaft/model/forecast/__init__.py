"""Forecasters: one file each, found by discovery, all under one contract test."""
