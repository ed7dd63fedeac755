"""Endpoints that need no org: claims in a text, published operations, and causes."""

from ninja import Query, Router

from diagnostics.api import schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.problems import not_found, too_many, wrong
from diagnostics.api.requests import ClaimText, OperationParameters
from diagnostics.api.responses import filled, page_address
from diagnostics.claims.checker import check_text
from diagnostics.engine.causes import CAUSES
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.regions import find_region
from diagnostics.genesys.search import search
from diagnostics.orgs.contracts import current_contract
from diagnostics.runs.limits import StillReading, reading_one_text

router = Router(tags=["Reference"])


@router.post("/claims", response=schemas.CheckedClaims, url_name="claims", summary="Check the claims of a text")
def claims(request: AuthenticatedRequest, payload: ClaimText) -> schemas.CheckedClaims:
    """Checks each path, method, scope, permission, host, SDK method and piece of advice in a text against the API
    reference. Nothing is stored, and no org is asked."""
    contract = _contract(payload.region)
    try:
        with reading_one_text(request.user, len(payload.text)):
            checked = check_text(payload.text, contract)
    except StillReading as busy:
        raise too_many("still_reading", busy) from None
    return schemas.CheckedClaims(
        items=[schemas.ClaimSchema.model_validate(claim.as_dict()) for claim in checked.claims],
        omitted=checked.omitted,
        partial=checked.partial,
        contract_version=contract.version,
    )


@router.get("/operations", response=schemas.Operations, url_name="operations", summary="Search the API reference")
def operations(request: AuthenticatedRequest, parameters: Query[OperationParameters]) -> schemas.Operations:
    """Published operations that contain every word, ignoring case. One that isn't found isn't in the published API."""
    contract = _contract(parameters.region or "")
    found = search(contract, parameters.q or "")
    return schemas.Operations(
        items=[operation_schema(operation) for operation in found[: parameters.limit]],
        found=len(found),
        contract_version=contract.version,
    )


@router.get("/causes", response=schemas.Causes, url_name="causes", summary="List causes")
def causes(request: AuthenticatedRequest) -> schemas.Causes:
    """Everything a verdict can name."""
    items = [
        filled(schemas.CauseSchema, cause, page=page_address(request, "cause", cause.code)) for cause in CAUSES.values()
    ]
    return schemas.Causes(items=items)


@router.get("/causes/{code}", response=schemas.CauseInFull, url_name="cause", summary="One cause")
def cause(request: AuthenticatedRequest, code: str) -> schemas.CauseInFull:
    """What it means, the evidence for it, how to fix it, and what people wrongly believe about it."""
    found = CAUSES.get(code)
    if found is None:
        raise not_found()
    page = page_address(request, "cause", code)
    return filled(schemas.CauseInFull, found, fix=found.steps, misconception=found.myth, page=page)


def operation_schema(operation: Operation) -> schemas.OperationSchema:
    return filled(
        schemas.OperationSchema,
        operation,
        permission_rule=operation.rule,
        sdk=f"{operation.sdk_class}.{operation.python_name}",
        is_deprecated=operation.deprecated,
    )


def _contract(region: str) -> Contract:
    found = find_region(region) if region else None
    if region and found is None:
        raise wrong("The region isn't known.", ("region", "Use an ID such as eu-west-1."))
    return current_contract(found.key) if found else bundled()
