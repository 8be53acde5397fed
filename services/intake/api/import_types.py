"""What kinds of files can be imported, and a template to start from."""

from fastapi import APIRouter, Response

from services.intake.api.access import Caller
from services.intake.api.errors import ApiError
from services.intake.api.schemas import Column, ImportTypeList
from services.intake.api.schemas import ImportType as ImportTypeBody
from services.intake.import_types import IMPORT_TYPES, ImportType, template_csv

MAX_CHARACTERS = 256  # of a value; the validator's rules hold to it

router = APIRouter(prefix="/import-types", tags=["Import types"])


@router.get("", response_model=ImportTypeList)
async def list_import_types(_: Caller) -> object:
    """Each type with its columns and their rules."""
    return ImportTypeList(items=[_body(import_type) for import_type in IMPORT_TYPES.values()])


@router.get("/{name}/template.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def download_template(name: str, _: Caller) -> Response:
    """A file with exactly the headers of this type."""
    import_type = IMPORT_TYPES.get(name)
    if import_type is None:
        raise ApiError(
            404, "import_type.unknown", f"There is no such import type; there are: {', '.join(IMPORT_TYPES)}."
        )
    disposition = f'attachment; filename="{import_type.name}-template.csv"'
    return Response(template_csv(import_type), media_type="text/csv", headers={"Content-Disposition": disposition})


def _body(import_type: ImportType) -> ImportTypeBody:
    columns = [
        Column(
            field=rule.field, header=rule.header, value_type=rule.value_type, required=rule.required,
            unique=rule.unique, aliases=list(rule.aliases),
        )
        for rule in import_type.columns
    ]  # fmt: skip
    return ImportTypeBody(
        type=import_type.name, label=import_type.label, columns=columns, max_characters=MAX_CHARACTERS,
        template_url=f"/api/v1/import-types/{import_type.name}/template.csv",
    )  # fmt: skip
