"""API token pages. Users see their own tokens; admins see all."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from diagnostics.accounts.api_tokens import make_token, revoke_token, tokens_of
from diagnostics.accounts.forms.api_tokens import TokenForm
from diagnostics.accounts.requests import Request
from diagnostics.web.confirmation import confirmation_page
from diagnostics.web.refusals import ActionRefused
from diagnostics.web.templatetags.page import exact

MAX_SHOWN = 200


@require_safe
def token_list(request: Request) -> HttpResponse:
    tokens = list(tokens_of(request.user).order_by("-id")[:MAX_SHOWN])
    return render(request, "accounts/api_tokens/list.html", {"tokens": tokens, "is_cut": len(tokens) == MAX_SHOWN})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def token_add(request: Request) -> HttpResponse:
    """Create a token and show it once. There is no redirect, which would need to store the token."""
    form = TokenForm(request.POST or None, owner=request.user)
    if form.is_valid():
        try:
            token, text = make_token(request.user, **form.cleaned_data)
        except ActionRefused as refused:
            form.add_error(None, str(refused))
        else:
            root = request.build_absolute_uri("/api/v1/")
            return render(request, "accounts/api_tokens/made.html", {"token": token, "text": text, "root": root})
    return render(request, "accounts/api_tokens/add.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def token_revoke(request: Request, pk: int) -> HttpResponse:
    token = get_object_or_404(tokens_of(request.user), pk=pk)
    if request.method != "POST":
        used = f"last used {exact(token.last_used_at)}" if token.last_used_at else "never used"
        sentence = f"Programs that use {token.prefix}… of {token.owner.username} ({used}) lose access at once. This can't be undone."
        return confirmation_page(request, f"Revoke {token.name}?", sentence, "Revoke token", "api-tokens")
    revoke_token(token)
    messages.success(request, f"Token {token.name} revoked.")
    return redirect("api-tokens")
