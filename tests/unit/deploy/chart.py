"""The Helm chart rendered, and Kubernetes' word on the result."""

import importlib.resources
import json
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from tests.stack.go_tools import go_tool

KUBERNETES = Path(__file__).parents[3] / "deploy" / "kubernetes"
CHART = KUBERNETES / "rollcall"
RENDERED = Path(__file__).parent / "rendered"  # what Helm made of each values file, for machines without Go
OWN_SCHEMAS = (
    Path(__file__).parent / "schemas"
)  # of what Kubernetes itself does not know: KEDA, the Prometheus operator
VERSION = "1.33"

Manifest = dict[str, Any]


def helm() -> Path | None:
    return go_tool("helm.sh/helm/v3/cmd/helm@v3.22.0")


def kubeconform() -> Path | None:
    return go_tool("github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0")


def render(program: Path, values: Path) -> str:
    return subprocess.run(
        [program, "template", "rollcall", CHART, "--values", values, "--namespace", "rollcall"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def manifests(text: str) -> list[Manifest]:
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def is_custom(manifest: Manifest) -> bool:
    return "." in manifest["apiVersion"] and not manifest["apiVersion"].split("/")[0].endswith("k8s.io")


def schema_folder(folder: Path, kinds: list[Manifest]) -> Path:
    """Kubernetes' schemas of these kinds, each whole in a file of its own, as kubeconform reads them."""
    version = f"v{VERSION}.0-local-strict"
    source = importlib.resources.files(kubernetes_validate) / "kubernetes-json-schema" / version
    definitions = json.loads(_local(source.joinpath("_definitions.json").read_text()))["$defs"]
    for manifest in kinds:
        name = schema_name(manifest)
        if is_custom(manifest):
            (folder / name).write_text((OWN_SCHEMAS / name).read_text())
        else:
            schema = json.loads(_local(source.joinpath(name).read_text()))
            (folder / name).write_text(json.dumps({**schema, "$defs": definitions}))
    return folder


def schema_name(manifest: Manifest) -> str:
    group, _, version = manifest["apiVersion"].rpartition("/")
    return "-".join(part for part in (manifest["kind"], group.split(".")[0], version) if part).lower() + ".json"


def _local(text: str) -> str:
    return text.replace("/api/_definitions.json#", "#")
