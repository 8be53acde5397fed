"""docs/contract/asyncapi.yaml is AsyncAPI 3.0: by AsyncAPI's own parser where Node is there, by FastStream's models everywhere."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "contract" / "asyncapi.yaml"
PARSER = "@asyncapi/parser@3.6.3"


@pytest.fixture(scope="module")
def parser() -> Path | None:
    """A folder with the parser in it, fetched once; None where there is no Node."""
    folder = ROOT / ".rollcall" / "tools" / PARSER.replace("/", "-")
    if not shutil.which("npm"):
        return None
    if not (folder / "package.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            "npm",
            "install",
            "--prefix",
            folder,
            "--no-fund",
            "--no-audit",
            "--silent",
            "--ignore-scripts",
            PARSER,
        ]
        subprocess.run(command, check=True, timeout=300, stdin=subprocess.DEVNULL)
    return folder


def says(parser: Path, document: Path) -> subprocess.CompletedProcess[str]:
    command = ["node", Path(__file__).with_name("asyncapi_parser.mjs"), parser, document]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_document_is_asyncapi(parser: Path | None) -> None:
    ApplicationSchema.model_validate(yaml.safe_load(DOCUMENT.read_text(encoding="utf-8")))
    if parser:
        found = says(parser, DOCUMENT)
        assert found.returncode == 0, found.stdout + found.stderr


def test_a_document_that_is_none_is_refused(parser: Path | None, tmp_path: Path) -> None:
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    del document["info"]["title"]
    with pytest.raises(ValueError, match="title"):
        ApplicationSchema.model_validate(document)
    if parser:
        (tmp_path / "asyncapi.yaml").write_text(yaml.safe_dump(document))
        assert says(parser, tmp_path / "asyncapi.yaml").returncode == 1
