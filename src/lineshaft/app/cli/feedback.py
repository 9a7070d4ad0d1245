"""``lineshaft feedback``: tell the loop whether it was right, and let it learn from that."""

from __future__ import annotations

import argparse
import getpass
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineshaft.app.cli.command import Command, emit
from lineshaft.core.errors import EnvironmentFailed, Refused

if TYPE_CHECKING:
    from lineshaft.app.remote import RemoteNode
    from lineshaft.app.talk import Talk

GIVE = """  lineshaft feedback bad --comment 'we were cleaning the filter'
  lineshaft feedback good '2024-03-01 06:00/2024-03-01 06:20' --by anna"""
RETRAIN = """  lineshaft feedback retrain              a new version beside the one that decides, and how they compare
  lineshaft feedback retrain --promote    the same, and let it take over"""
LOOK_S = 0.2
SILENT_S = 60.0


def project_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=Path, default=Path(), help="folder with lineshaft.toml")


def give_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("when", nargs="?", default="last alarm",
                        help="'last alarm' (unless said), a time, or two times with a slash between (UTC)")
    parser.add_argument("--said", choices=("alarm", "silence"), default="",
                        help="what the loop had said, where it said both")
    parser.add_argument("--comment", default="")
    parser.add_argument("--label", default="", help="the kind of fault it was: what a diagnosis learns to tell apart")
    parser.add_argument("--by", default="", help="your name; the user of this machine unless said")
    project_argument(parser)


def give(chosen: argparse.Namespace) -> int:
    """Keep a verdict as a tag."""
    from lineshaft.app import flow, judging
    from lineshaft.app.project import Project
    from lineshaft.core.feedback import Verdict

    project = Project.open(chosen.project)
    with project.historian() as historian:
        found = judging.verdict(project, historian, Verdict(chosen.command.name), chosen.when, said=chosen.said,
                                by=chosen.by or getpass.getuser(), comment=chosen.comment, label=chosen.label)
        flow.review(historian, found)
    emit(chosen, asdict(found) | {"abnormal": found.abnormal}, [judging.told(found)])
    return 0


def review(chosen: argparse.Namespace) -> int:
    """All verdicts, and whether they call for retraining."""
    from lineshaft.app.judging import told
    from lineshaft.app.project import Project
    from lineshaft.bundle.inspect import inspect
    from lineshaft.feedback.retrain import retrain_due, standing
    from lineshaft.feedback.verdicts import verdicts

    project = Project.open(chosen.project)
    deciding = project.decides()
    with project.historian() as historian:
        given = verdicts(historian, project.loop)
        lineage: Any = inspect(deciding)["lineage"] if deciding else {}
        due = retrain_due(historian, project.loop, lineage["history"]) if deciding else None
    kept = standing(given)
    rows = [{**asdict(one), "abnormal": one.abnormal, "overruled": one not in kept} for one in given]
    lines = [told(one) + ("" if one in kept else " [overruled later]") for one in given] or ["no verdict yet"]
    emit(chosen, {"verdicts": rows, "retrain": asdict(due) if due else None},
         [*lines, *([f"{due.reason[0].upper()}{due.reason[1:]}."] if due else [])])
    return 0


def retrain_arguments(parser: argparse.ArgumentParser) -> None:
    project_argument(parser)
    parser.add_argument("--ticks", type=int, default=50, help="so long the new bundle runs beside before the report")
    parser.add_argument("--promote", action="store_true", help="then let it decide")
    parser.add_argument("--quiet", action="store_true", help="only the result")


def retrain(chosen: argparse.Namespace) -> int:
    """Dataset, model, certificate and bundle anew; then beside the old one."""
    from lineshaft.app import training
    from lineshaft.app.project import Project
    from lineshaft.app.remote import RemoteNode
    from lineshaft.app.talk import Talk

    project, talk = Project.open(chosen.project), Talk(quiet=chosen.quiet)
    node = RemoteNode(project.node_folder)
    node.health()
    with project.historian() as historian:
        talk.step("Learning anew, with people's verdicts as labels: faults never teach, false alarms do")
        with talk.progress() as progress:
            sealed = training.train(project, historian, progress)
    for line in training.sentences(sealed):
        talk.say(line)
    talk.step(f"Running version {sealed.manifest.version} beside the one that decides, on the same live values")
    node.bring("shadow", sealed.packed.path)
    found = _compared(node, chosen.ticks, talk)
    if chosen.promote:
        node.bring("promote")
    emit(chosen, training.described(sealed) | {"shadow": found, "promoted": chosen.promote}, [
        *training.sentences(sealed),
        f"beside the old one for {found['ticks']} ticks: the same alarm in {found['agree']:.1%}, alarms in "
        f"{found['alarms']}, scores at most {found['largest_difference']:.3g} apart",
        "it decides now" if chosen.promote else "it is not heeded yet; let it decide with: lineshaft node promote "
        f"--folder {project.node_folder}"])
    return 0


def _compared(node: RemoteNode, ticks: int, talk: Talk) -> dict[str, Any]:
    """How the shadow compares after so many ticks."""
    seen, moved = -1, time.monotonic()
    with talk.progress() as progress:
        while True:
            found: dict[str, Any] | None = node.status()["shadow"]
            if found is None:
                raise Refused("the shadow was taken away meanwhile", do="see `lineshaft node status`")
            if found["failed"]:
                raise Refused(f"the new bundle failed beside the old one: {found['failed']}",
                              do="the old one decides on; report what it says")
            if found["ticks"] != seen:
                seen, moved = int(found["ticks"]), time.monotonic()
            progress(seen, ticks, "comparing")
            if seen >= ticks:
                return found
            if time.monotonic() - moved > SILENT_S:
                raise EnvironmentFailed("the node does not tick", do="see `lineshaft node status`")
            time.sleep(LOOK_S)


COMMAND = Command("feedback", "say whether a decision was right; learn from it", verbs=(
    Command("good", "it was right: an alarm that was due, or silence that was", GIVE, give_arguments, give),
    Command("bad", "it was wrong: a false alarm, or a fault that was missed", GIVE, give_arguments, give),
    Command("review", "what people said, and whether it calls for retraining", "  lineshaft feedback review -o json",
            project_argument, review),
    Command("retrain", "learn anew with the verdicts as labels, and run it beside the old", RETRAIN,
            retrain_arguments, retrain)))
