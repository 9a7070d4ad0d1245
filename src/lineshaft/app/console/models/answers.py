"""What the API says of models: the shapes of its answers, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from lineshaft.app.console.routes.job import Job

Share = Annotated[float, Field(description="0 to 1")]


class Signature(BaseModel):
    """Who signed it, and whether this project trusts them."""

    verdict: Literal["trusted", "unchecked", "unsigned", "refused"]
    why: str = Field(description="the reason for a no")
    key: str = Field(description="identity of the public key")


class Bundle(BaseModel):
    """One bundle in the list; a bundle that can't be read has only version, name, bytes and `refused`."""

    version: int
    name: str = Field(description="of its folder")
    digest: str
    loop: str
    learner: str
    why: str = Field(description="why this learner was chosen")
    created: int = Field(description="ms")
    parent: str = Field(description="digest of the bundle that it was retrained from, empty for the first")
    feedback: int = Field(description="verdicts of people that it used as labels")
    figures: dict[str, float] = Field(description="what training measured, by name")
    bytes: int
    signature: Signature | None
    roles: list[Literal["decides", "starts", "shadow", "last-good"]] = Field(
        description="`starts`: no node answers, and one that starts would take this bundle")
    refused: str = Field(description="why it can't be read, empty where it can")


class Shelf(BaseModel):
    """All bundles of the project, newest first."""

    loop: str
    node: bool = Field(description="whether a node answers")
    shadow_failed: str = Field(description="why the bundle beside has ended, empty where it has not")
    learn_ms: int | None = Field(description="so much normal operation is recorded before the first training; null "
                                 "where people train and deploy")
    bundles: list[Bundle]


class Span(BaseModel):
    """A piece of text."""

    text: str
    style: str = Field(description="empty, code, strong or emphasis")


class Block(BaseModel):
    """A block of the model card."""

    kind: Literal["heading", "paragraph", "list", "table"]
    level: int
    text: list[Span]
    items: list[list[Span]]
    head: list[list[Span]]
    rows: list[list[list[Span]]]


class Certificate(BaseModel):
    """What was measured on one backend, target and machine."""

    backend: str
    target: str
    machine: dict[str, str]
    precision: str
    parity: float = Field(description="largest difference from the reference, over one plus its size")
    absolute: float = Field(description="largest difference from the reference")
    relative: float = Field(description="largest difference over the reference's size")
    bound: float = Field(description="largest parity that was declared to be enough")
    flips: int = Field(description="alarms that differed from the reference")
    ticks: int = Field(description="golden ticks that were compared")
    latency_us: list[float] = Field(description="of single steps: p50, p99, p99.9, max; zeros where emulated")
    memory_bytes: int = Field(description="0 where emulated")
    emulator: str = Field(description="what it ran on instead of the target; empty: on the target")
    flash_bytes: int = Field(description="of code and constants, by the compiler's count; 0: unknown")
    ram_bytes: int = Field(description="by the compiler's count; 0: unknown")
    artifact_bytes: int
    compiler: str
    conditions: dict[str, str] = Field(description="what the figures hold for")
    created: int = Field(description="ms")
    graph: str = Field(description="digest of the graph that it belongs to")


class ModelTag(BaseModel):
    """A tag that the bundle reads."""

    path: str
    unit: str
    low: float | None
    high: float | None


class Said(BaseModel):
    """One value that the model gives each period."""

    name: str
    unit: str = Field(description="UCUM, empty for a probability")
    ahead: int = Field(description="periods in the future that it holds for")


class Library(BaseModel):
    """A package that runs the bundle."""

    name: str
    version: str
    licence: str


class Sbom(BaseModel):
    """The bill of materials (CycloneDX), in short."""

    format: str
    serial: str
    libraries: list[Library]


class BundleFile(BaseModel):
    """A file inside."""

    name: str
    bytes: int
    digest: str


class Detail(Bundle):
    """Everything that a bundle says of itself."""

    task: str
    tags: list[ModelTag]
    answers: list[Said] = Field(description="none where it only watches")
    period_ms: float
    stale_ms: float
    deadline_us: float
    memory_bytes: int
    limits: int = Field(description="tags with rule limits for the fallback")
    code: str = Field(description="version of Lineshaft that made it")
    dataset: str
    history: str
    card: list[Block]
    certificates: list[Certificate]
    golden: list[int] = Field(description="ticks of each golden sequence")
    sbom: Sbom
    files: list[BundleFile]


class Ancestor(BaseModel):
    """A bundle of the line, the asked one first."""

    digest: str
    version: int | None = Field(description="null where its files are not in the project")
    learner: str
    created: int = Field(description="ms, 0 where not known")
    feedback: int


class Stretch(BaseModel):
    """A stretch of history that somebody judged before the bundle learnt."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    abnormal: bool
    by: str = Field(description="empty where the project's file said it, and nobody in person")
    comment: str
    given: int = Field(description="ms")


class Lineage(BaseModel):
    """From the bundle back to the samples."""

    ancestors: list[Ancestor]
    dataset: str
    history: str
    stretches: list[Stretch]
    tags: list[str]
    fit_rows: int
    held_out_rows: int
    why: str = Field(description="why the history can't be read as it was then, empty where it can")


class Side(BaseModel):
    """One of two bundles that run on the same values."""

    version: int | None
    digest: str
    learner: str
    created: int = Field(description="ms, 0 where not known")
    feedback: int
    alarms: int = Field(description="ticks in alarm, of those that were compared")
    step_us: list[float] = Field(description="certified latency of single steps: p50, p99, p99.9, max")
    memory_bytes: int
    figures: dict[str, float]


class Scores(BaseModel):
    """Both scores at the ticks at which both spoke; the alarm limit of each is 1."""

    t: list[int] = Field(description="ms")
    champion: list[float]
    shadow: list[float]


class Comparison(BaseModel):
    """The bundle that decides and the one beside it."""

    champion: Side | None
    shadow: Side | None = Field(description="null where nothing runs beside")
    ticks: int
    since: int = Field(description="ms, 0 before the first tick")
    agree: Share = Field(description="share of ticks with the same alarm")
    mean_difference: float
    largest_difference: float
    failed: str = Field(description="why the shadow has ended, empty where it has not")
    scores: Scores


class Retraining(BaseModel):
    """Whether people say often enough that the deciding bundle is wrong."""

    bundle: int | None = Field(description="the version that decides, null where there is none")
    due: bool
    false_alarms: int = Field(description="marked since it was trained")
    missed_faults: int
    confirmed: int
    needed: int = Field(description="false alarms and missed faults together that call for retraining")
    job: Job | None = Field(description="the newest retraining, null where there was none since the console started")


class Brought(BaseModel):
    """The bundle that decides or shadows now."""

    digest: str
    version: int | None


class Sampled(BaseModel):
    """Samples, and how many independent ones they are worth."""

    count: int
    effective: float


class TagDrift(BaseModel):
    """One tag's newest values against those that taught."""

    tag: str
    state: Literal["steady", "moved", "drifted", "unsure", "silent"]
    psi: float
    psi_chance: float = Field(description="what chance alone stays below")
    ks: float
    ks_chance: float
    shift: float | None = Field(description="of the mean, in standard deviations of the training; null: it never moved")
    spread: float | None = Field(description="ratio of standard deviations; null: it never moved in training")
    outside: Share = Field(description="share of the window beyond the range of the training")
    reference: Sampled
    window: Sampled
    edges: list[float]
    expected: list[float] = Field(description="share of each bin in training")
    found: list[float] = Field(description="share of each bin in the window")


class Bucket(BaseModel):
    """Scores of one part of the window."""

    time: int = Field(description="ms")
    median: float
    high: float = Field(description="95th percentile")
    alarm: Share = Field(description="share of ticks in alarm")
    count: int


class Since(BaseModel):
    """When something began, with the bounds between which it did with 95 % confidence; null where nothing did."""

    begin: int | None = Field(None, description="ms; the start of the window where it began before")
    low: int | None = Field(None, description="ms")
    high: int | None = Field(None, description="ms")


class TagBegan(Since):
    """A tag that began to change in the window."""

    tag: str
    source: Literal["sensor", "process"] = Field(
        description="sensor: it left what the other tags say of it; process: they agree, or nobody can tell")
    change: Literal["level", "trend", "spread", "rate"]
    size: float | None = Field(description="in deviations of its operating mode; null where it never moved before")


class Judged(Since):
    """How often people called decisions of the window wrong."""

    verdicts: int
    wrong: int
    size: float = Field(0.0, description="above 0 where that became more frequent, below where less")


class ErrorPart(BaseModel):
    """Mean error of some rows next to each other."""

    time: int = Field(description="ms")
    error: float


class Truth(Since):
    """Errors against the truth that was recorded later."""

    rows: int = Field(description="since training, whose truth is known")
    before: float = Field(description="mean error on the rows that were held out in training")
    now: float = Field(description="mean error of these rows")
    of_classes: bool = Field(description="the errors are shares of wrong classes")
    parts: list[ErrorPart]


class Drifted(BaseModel):
    """One measurement."""

    version: int
    start: int = Field(description="ms")
    end: int = Field(description="ms")
    measured: int = Field(description="ms")
    same_data: bool = Field(description="the history still gives the very data that the bundle learnt from")
    reference_rows: int
    window_rows: int
    taught_rows: int = Field(description="left out of the window: the bundle learnt from them")
    abnormal_rows: int = Field(description="left out: people called them abnormal")
    unseen_rows: int = Field(description="left out: their operating mode was not in the training")
    sliced: bool = Field(description="the window was looked at in parts")
    chance: float = Field(description="how often a tag that did not change is called changed")
    modes: list[str]
    tags: list[TagDrift]
    scores: list[Bucket]
    began: list[TagBegan] = Field(description="tags that changed, and since when")
    concept: Judged
    truth: Truth | None = Field(description="null where nothing recorded later says whether the answers were right")


class Drift(BaseModel):
    """The newest measurement, and the one at work."""

    result: Drifted | None
    running: Job | None
    error: str = Field(description="why the last try gave nothing")


class Peaks(BaseModel):
    """The highest score of each part of the stretch; the alarm limit is 1."""

    time: list[int] = Field(description="ms")
    score: list[float]


class Rehearsed(BaseModel):
    """What a bundle would have said of recorded history."""

    start: int = Field(description="ms")
    end: int = Field(description="ms")
    ticks: int
    alarm_ticks: int
    alarms: int = Field(description="alarms that would have come")
    scores: Peaks


class Rehearsal(BaseModel):
    """The newest replay of a bundle."""

    result: Rehearsed | None
    job: Job | None = Field(description="null where there was none since the console started")


