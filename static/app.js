// The page works without this file: it only adds copying, unfolding, the reader's time zone and a word when the line drops.
"use strict";

// So that the server can say times, and where a day begins, as the reader's clock does.
document.cookie = `zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; max-age=31536000; samesite=lax`;

function say(text) {
  document.getElementById("said").textContent = text;
}

function copied(button, word) {
  const label = button.querySelector("span");
  const before = label.textContent;
  label.textContent = word;
  say(word);
  setTimeout(() => (label.textContent = before), 2000);
}

function selectText(node) {
  getSelection().selectAllChildren(node);
}

function showCopyButtons() {
  document.querySelectorAll("[data-copy][hidden], [data-script][hidden]").forEach((part) => (part.hidden = false));
}

// A link to a folded finding unfolds what hides it.
function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target.scrollIntoView();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const refused = () => {
    selectText(source);
    copied(button, "Selected: press Ctrl+C");
  };
  if (!navigator.clipboard) return refused();
  const text = source.matches(".permalink") ? source.href : source.textContent;
  navigator.clipboard.writeText(text).then(() => copied(button, "Copied"), refused);
});

// A menu of the top closes when the reader goes elsewhere.
function closeMenus(but) {
  document.querySelectorAll(".menu[open]").forEach((menu) => (menu.open = menu === but));
}

document.addEventListener("click", (event) => closeMenus(event.target.closest(".menu")));
document.addEventListener("focusin", (event) => closeMenus(event.target.closest(".menu")));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Shortcuts of one character, which can be turned off.
const isTyping = (field) => field.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  const isShortcut = ["/", "?"].includes(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
  const list = document.getElementById("shortcut-list");
  if (!isShortcut || !list || isTyping(event.target) || localStorage.shortcuts === "off") return;
  event.preventDefault();
  const box = document.getElementById("search");
  if (event.key === "?") list.showModal();
  else if (box.offsetParent) box.select();
  else document.querySelector(".search-link").click();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-shortcuts]")) return;
  event.preventDefault();
  document.getElementById("shortcut-list").showModal();
});
document.addEventListener("change", ({ target }) => {
  if (target.id === "shortcuts-on") localStorage.shortcuts = target.checked ? "on" : "off";
});

// Filters show what the list is filtered by. Browsers don't restore other values in forms with autocomplete="off"; a page
// that comes back from the back/forward cache still has them.
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[method=get], form:not([method])").forEach((form) => form.reset());
  const isOn = document.getElementById("shortcuts-on");
  if (isOn) isOn.checked = localStorage.shortcuts !== "off";
});

// The sign-in's own script tells so when a passkey was not used, for instance because its owner cancelled.
document.addEventListener("allauth.error", (event) => {
  const note = document.querySelector("[data-passkey-not-used]");
  if (!note) return;
  event.preventDefault();
  note.hidden = false;
});

// Signing in, in this tab or another, replaces the CSRF token: send the one of the cookie, not the one in the page.
const newestToken = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!newestToken()) return;
  delete detail.parameters.csrfmiddlewaretoken;
  detail.headers["X-CSRFToken"] = newestToken();
});

// A draft outlives a sign-in, a rejected form and Back. It stays in this tab and is shown to the same person only; it may
// hold secrets, so it is deleted once its run is started and on sign-out. Passwords and files are never part of it.
const draftForm = () => document.querySelector("form[data-draft]");
const texts = (form) => [...form.elements].filter((field) => ["text", "textarea"].includes(field.type));

function keepDraft(form) {
  const fields = Object.fromEntries(texts(form).map((field) => [field.name, field.value]));
  try {
    sessionStorage.draft = JSON.stringify({ of: form.dataset.draft, fields });
  } catch {
    // Too large, or storage is off: the browser itself still restores the text after Back.
  }
}

function deleteDraft() {
  delete sessionStorage.draft;
  delete sessionStorage.started;
}

function restoreDraft() {
  const form = draftForm();
  if (!form) {
    if (sessionStorage.started && /^\/(runs|batches)\//.test(location.pathname)) deleteDraft();
    return;
  }
  delete sessionStorage.started;
  const draft = JSON.parse(sessionStorage.draft || "{}");
  if (draft.of !== form.dataset.draft) delete sessionStorage.draft;
  else if (texts(form).every((field) => !field.value)) texts(form).forEach((field) => (field.value = draft.fields[field.name] || ""));
  if (texts(form).some((field) => field.value)) keepDraft(form); // typed before this script was there
  const review = document.getElementById("review");
  if (review && !review.childElementCount && texts(form).some((field) => field.value)) htmx.trigger(review, "restored");
}

addEventListener("pageshow", restoreDraft);
document.addEventListener("input", ({ target }) => {
  if (target.form?.dataset.draft) keepDraft(target.form);
});
document.addEventListener("submit", ({ target, submitter }) => {
  if (newestToken() && target.elements.csrfmiddlewaretoken) target.elements.csrfmiddlewaretoken.value = newestToken();
  if (target.dataset.draft && submitter?.name === "start") sessionStorage.started = "yes";
  if (target.getAttribute("action") === "/logout/") deleteDraft();
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const news = detail.target.querySelector?.("[data-say]");
  if (news) say(news.dataset.say);
});

document.addEventListener("htmx:load", showCopyButtons);
// Shown at the top until the next answer arrives.
function showTrouble(text) {
  document.getElementById("trouble")?.remove();
  if (!text) return undefined;
  const note = document.createElement("div");
  note.id = "trouble";
  note.className = "note tone-fail";
  note.setAttribute("role", "alert");
  note.append(document.createElement("p"));
  document.getElementById("main").prepend(note);
  note.firstElementChild.textContent = text;
  return note;
}

function showSessionEnded() {
  const link = document.createElement("a");
  Object.assign(link, { href: "/login/", target: "_blank", textContent: "Sign in in a new tab" });
  showTrouble("Your session ended. ").firstElementChild.append(link, ", then continue here.");
}

document.addEventListener("htmx:sendError", () => showTrouble("The server isn't responding. This page tries again automatically."));
// A server that can't answer right now says why in one line of text.
document.addEventListener("htmx:responseError", ({ detail: { xhr } }) => {
  if (xhr.status === 401) return showSessionEnded();
  const isLine = xhr.status === 503 && (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
  return showTrouble(isLine ? xhr.responseText.slice(0, 300) : "The server couldn't answer. Reload the page.");
});
document.addEventListener("htmx:afterOnLoad", ({ detail: { xhr } }) => {
  if (xhr.status < 400) showTrouble("");
});
addEventListener("hashchange", unfold);

// On paper everything is unfolded, with the time of printing.
addEventListener("beforeprint", () => {
  document.querySelectorAll("main details:not(.menu)").forEach((fold) => (fold.open = true));
  document.querySelector("[data-printed]").textContent = `printed ${new Date().toLocaleString()}`;
});

addEventListener("DOMContentLoaded", () => {
  showCopyButtons();
  unfold();
});
