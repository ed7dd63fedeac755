"""The page that checks a text's claims about the API."""

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from diagnostics.accounts.requests import Request
from diagnostics.claims.checker import check_text
from diagnostics.genesys.contract import bundled
from diagnostics.orgs.contract_in_force import current_contract
from diagnostics.pages.forms import ClaimsForm
from diagnostics.runs.limits import reading_one_text


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("text")
def claim_check(request: Request) -> HttpResponse:
    """Stores and sends nothing. Shows the form again, masked, with the results."""
    form = ClaimsForm(request.POST or None, request.FILES or None)
    file = request.FILES.get("file")
    size = len(request.POST.get("text", "")) + (file.size or 0 if isinstance(file, UploadedFile) else 0)
    with reading_one_text(request.user, size):
        contract = current_contract(form.cleaned_data["region"]) if form.is_valid() else bundled()
        checked = check_text(form.cleaned_data["text"], contract) if form.is_valid() else None
        form.mask()
    return render(request, "pages/claims/check.html", {"form": form, "checked": checked, "contract": contract})
