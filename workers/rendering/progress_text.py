"""A job's progress in words and bars. Pure: what is shown follows from the job, the time and the width."""

from __future__ import annotations

from dataclasses import dataclass

from app.client import Job, Stage
from app.domain.states import JobStatus

STAGES = ("writing", "speaking", "drawing", "rendering", "mixing", "assembling", "checking")
BAR_CELLS = 30
NARROWEST_BAR_CELLS = 8
SMALLEST_WIDTH = 20


@dataclass(frozen=True)
class Style:
    """What the terminal can show. Colours are SGR numbers; bars have one character for done and one for to do."""

    colour: bool
    unicode: bool

    def paint(self, text: str, sgr: str) -> str:
        return f"\x1b[{sgr}m{text}\x1b[0m" if self.colour and text else text

    def bar(self, share: float, cells: int) -> str:
        """A bar of `cells` characters for `share`, 0 to 1; full only at 1."""
        done = min(cells, int(share * cells))
        full, empty = ("█", "░") if self.unicode else ("#", ".")
        return self.paint(full * done, "36") + self.paint(empty * (cells - done), "2")


@dataclass(frozen=True)
class Line:
    """A line as it is written and how many cells of the screen it takes."""

    text: str
    cells: int


def clock(seconds: float) -> str:
    """`0:07`, `12:34`, `1:02:03`."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def summary(job: Job) -> str:
    """What the job is doing, in a few words: `speaking 3/10, drawing 4/10`."""
    if job.status == JobStatus.QUEUED:
        ahead = (job.queue_position or 1) - 1
        return f"waiting behind {ahead} other {'job' if ahead == 1 else 'jobs'}" if ahead else "waiting for a worker"
    if job.status == JobStatus.WAITING:
        # Why, is said in a line of its own.
        return "waiting"
    return ", ".join(_count(stage) for stage in job.stages if is_active(stage, job)) or "finishing"


def is_active(stage: Stage, job: Job) -> bool:
    """Whether it is being worked on: begun and not done, or the one that the farm names."""
    return job.status == JobStatus.RUNNING and not stage.is_done and (stage.done > 0 or stage.name == job.stage)


def block(job: Job, elapsed_s: float, eta_s: float | None, columns: int, style: Style) -> list[Line]:
    """The updating block: a line for each stage with its count, then a bar with percent and times."""
    width = max(SMALLEST_WIDTH, columns - 1)
    # Only the first stage is known until the script is cut; the others are shown from the start, so that nothing jumps.
    known = {name: Stage(name, 0, 0) for name in STAGES} | {stage.name: stage for stage in job.stages}
    lines = [_stage_line(stage, is_active(stage, job), width, style) for stage in known.values()]
    return [*lines, total_line(job, elapsed_s, eta_s, columns, style)]


def total_line(job: Job, elapsed_s: float, eta_s: float | None, columns: int, style: Style) -> Line:
    """`████░░░░  42 %  0:12  about 0:17 left`, with as much of it as fits."""
    width = max(SMALLEST_WIDTH, columns - 1)
    words = [f"{job.progress:3d} %", clock(elapsed_s)]
    if job.status in (JobStatus.QUEUED, JobStatus.WAITING):
        words.append(summary(job))
    elif eta_s is not None:
        words.append(f"about {clock(eta_s)} left" if eta_s >= 1 else "almost done")
    while len(words) > 1 and len("  ".join(words)) + NARROWEST_BAR_CELLS + 2 > width:
        words.pop()
    text = "  ".join(words)
    cells = min(BAR_CELLS, width - len(text) - 2)
    return Line(f"{style.bar(job.progress / 100, cells)}  {text}", cells + 2 + len(text))


def _stage_line(stage: Stage, active: bool, width: int, style: Style) -> Line:
    done, at_work, to_do = ("✓", "●", "·") if style.unicode else ("+", "*", "-")
    text = f"{stage.name:<10} {_ratio(stage)}".rstrip()[: width - 2]
    if active:
        written = f"{style.paint(at_work, '36')} {text}"
    elif stage.total and stage.is_done:
        written = f"{style.paint(done, '32')} {text}"
    else:
        written = style.paint(f"{to_do} {text}", "2")
    return Line(written, 2 + len(text))


def _ratio(stage: Stage) -> str:
    return f"{stage.done}/{stage.total}" if stage.total > 1 else ""


def _count(stage: Stage) -> str:
    return f"{stage.name} {_ratio(stage)}".rstrip()
