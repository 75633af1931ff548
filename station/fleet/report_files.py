"""Writes a report's files: the page, the CSV folder, the JUnit document.

``ready`` finds out before a run whether they can be written: nobody wants to hear that after ten minutes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from station.errors import StationError

if TYPE_CHECKING:
    from station.fleet.report import Report


class ReportNotWritten(StationError):
    """A file of a report cannot be written."""


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where to write what; None: not at all."""

    html: Path | None = None
    csv: Path | None = None
    junit: Path | None = None

    def ready(self) -> None:
        """Make the folders that are missing.

        Raises:
            ReportNotWritten: a file could not be written there.
        """
        for file in (self.html, self.junit):
            if file is not None:
                _folder(file.parent)
                if file.is_dir() or (file.exists() and not os.access(file, os.W_OK)):
                    raise ReportNotWritten(f"{file} cannot be written", "name a file")
        if self.csv is not None:
            _folder(self.csv)

    def write(self, report: Report) -> list[Path]:
        """Write all of them; what was written.

        Raises:
            ReportNotWritten: one could not be written; those before it are there.
        """
        # Here and not above: most of a run is over before, and many want none of them.
        from station.fleet.html_page import to_html
        from station.fleet.junit import to_xml
        from station.fleet.report_csv import tables

        written: list[Path] = []
        texts: dict[Path, str] = {}
        if self.csv is not None:
            texts |= {self.csv / name: text for name, text in tables(report).items()}
        if self.junit is not None:
            texts[self.junit] = to_xml(report)
        if self.html is not None:
            texts[self.html] = to_html(report)
        for path, text in texts.items():
            try:
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                raise ReportNotWritten(f"{path}: {error.strerror or error}") from error
            written.append(path)
        return written


def _folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportNotWritten(f"{folder}: {error.strerror or error}", "name another place") from error
    if not os.access(folder, os.W_OK):
        raise ReportNotWritten(f"{folder} cannot be written to", "name another place")
