// The consent, management and hand-over pages: a live repository picker, and linking in a window
// of its own while the page is framed. Everything works without it, with more page loads.
"use strict";

// What the pages tell each other; only pages of this origin are listened to.
const CONNECTED = "gitflare:connected";

function picker(form, root) {
  const search = root.querySelector("[data-picker-search]");
  root.querySelector("[data-picker-submit]").hidden = true;
  let part = root.querySelector("[data-picker-part]");
  let running = null;
  let timer = 0;
  // Whether only what is chosen is shown.
  let only = false;

  const isWhole = () =>
    part.dataset.whole === "true" && !part.querySelector("input[type=hidden]");
  const boxes = () => [...part.querySelectorAll("[data-picker-rows] input")];
  const count = () => {
    const hidden = part.querySelectorAll("input[type=hidden][name=repositories]").length;
    const shown = boxes().filter((box) => box.checked).length;
    part.querySelector("[data-picker-chosen]").textContent = String(hidden + shown);
    const view = part.querySelector("[data-picker-view]");
    if (view && !only) view.hidden = hidden + shown === 0;
    summarise("repositories", hidden + shown, "repository", "repositories");
    const ticked = form.querySelectorAll("input[name=permissions]:checked").length;
    summarise("permissions", ticked, "permission", "permissions");
  };
  const summarise = (name, number, one, several) => {
    const place = form.querySelector(`[data-summary-${name}]`);
    if (place) place.textContent = `${number} ${number === 1 ? one : several}`;
  };
  const isShown = (box) => !box.closest("li").hidden;

  // Every repository is on the page: nothing has to be asked.
  const narrow = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let any = false;
    for (const box of boxes()) {
      const item = box.closest("li");
      const text = item.textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word)) || (only && !box.checked);
      any = any || !item.hidden;
    }
    for (const group of part.querySelectorAll("[data-picker-group]")) {
      group.hidden = !group.querySelector("li:not([hidden])");
    }
    const empty = part.querySelector("[data-picker-empty]");
    if (empty) empty.hidden = any;
  };

  const busy = (isBusy) => {
    root.setAttribute("aria-busy", String(isBusy));
    root.querySelector("[data-picker-loading]").hidden = !isBusy;
  };

  // The server shows another part of the list and keeps what is chosen, as it does for a browser
  // without scripts; only that part of its page is taken over.
  const browse = async (from) => {
    if (running) running.abort();
    const request = new AbortController();
    running = request;
    busy(true);
    const body = new URLSearchParams(new FormData(form));
    body.set("browse", from);
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body,
        signal: request.signal,
        headers: { accept: "text/html" },
        credentials: "same-origin",
        redirect: "error",
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("[data-picker-part]");
      if (!answer.ok || !next) throw new Error("no list");
      part.replaceWith(document.adoptNode(next));
      part = next;
      dress();
      busy(false);
    } catch (error) {
      // One that was overtaken leaves the rest to the one that overtook it.
      if (running === request) busy(false);
      if (error.name !== "AbortError") root.querySelector("[data-picker-submit]").hidden = false;
    }
  };

  const dress = () => {
    const tools = part.querySelector("[data-picker-tools]");
    if (tools) {
      tools.hidden = false;
      const set = (checked) => {
        for (const box of boxes()) if (isShown(box)) box.checked = checked;
        count();
      };
      part.querySelector("[data-picker-all]").addEventListener("click", () => set(true));
      part.querySelector("[data-picker-none]").addEventListener("click", () => set(false));
    }
    const view = part.querySelector("[data-picker-view]");
    if (view) {
      view.addEventListener("click", (event) => {
        event.preventDefault();
        only = !only;
        if (!isWhole()) {
          browse(view.value);
          return;
        }
        view.textContent = only ? "Show all" : "Show only these";
        narrow();
      });
    }
    for (const button of part.querySelectorAll("[data-picker-page]")) {
      button.addEventListener("click", (event) => {
        event.preventDefault();
        browse(button.value).then(() => part.scrollIntoView({ block: "nearest" }));
      });
    }
    count();
  };

  search.addEventListener("input", () => {
    if (isWhole()) {
      narrow();
      return;
    }
    clearTimeout(timer);
    timer = setTimeout(() => browse(only ? "chosen-0" : "0"), 150);
  });
  search.addEventListener("keydown", (event) => {
    // Enter would send the form; the list follows the field already.
    if (event.key === "Enter") event.preventDefault();
  });
  form.addEventListener("change", count);
  dress();
}

// The script's own address says below which path the pages are.
const completion = new URL("../v1/auth/complete", document.currentScript.src);

// Takes over an account that was linked in another window, then shows the page anew.
async function complete(flowId, completionCode) {
  const answer = await fetch(completion, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json",
      "x-csrf-token": csrfToken(),
    },
    credentials: "same-origin",
    body: JSON.stringify({ flowId, completionCode }),
  });
  if (!answer.ok) throw new Error("not completed");
  // Not the address that the app sent: what was signed in it is spent.
  location.replace(document.querySelector("[data-again]").dataset.again);
}

function csrfToken() {
  const field = document.querySelector("input[name=csrf]");
  return field ? field.value : "";
}

function framedLinking() {
  const links = document.querySelectorAll("[data-popup]");
  if (!links.length) return;
  const panel = document.querySelector("[data-handover]");
  const field = document.querySelector("[data-handover-code]");
  for (const link of links) {
    link.addEventListener("click", (event) => {
      const opened = window.open(link.href, "gitflare-connect", "popup,width=720,height=820");
      // A blocked popup leaves the link to do it in a tab.
      if (opened) event.preventDefault();
      if (panel) panel.hidden = false;
    });
  }
  addEventListener("message", (event) => {
    if (event.origin !== location.origin || !event.data || event.data.type !== CONNECTED) return;
    complete(String(event.data.flowId), String(event.data.completionCode)).catch(() => {
      if (panel) panel.hidden = false;
    });
  });
  const use = document.querySelector("[data-handover-use]");
  if (use) {
    use.addEventListener("click", () => {
      const code = field.value.trim();
      const dot = code.indexOf(".");
      complete(code.slice(0, dot), code.slice(dot + 1)).catch(() => {
        field.setAttribute("aria-invalid", "true");
        field.focus();
      });
    });
  }
}

function handover() {
  const page = document.querySelector("[data-handover-flow]");
  if (!page) return;
  const message = {
    type: CONNECTED,
    flowId: page.dataset.handoverFlow,
    completionCode: page.dataset.handoverCompletion,
  };
  if (window.opener) {
    window.opener.postMessage(message, location.origin);
    setTimeout(() => window.close(), 600);
  }
  const button = page.querySelector("[data-copy]");
  if (button && navigator.clipboard) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(page.querySelector("[data-copy-text]").textContent);
      button.textContent = "Copied";
    });
  }
}

// An account's repositories are listed before the page comes back: whoever waits sees that it goes on.
function leaving() {
  const mark = (button) => {
    button.setAttribute("aria-busy", "true");
    // Coming back by the browser's own button shows the page as it was left.
    addEventListener("pageshow", () => button.removeAttribute("aria-busy"), { once: true });
  };
  for (const link of document.querySelectorAll(".connect a:not([data-popup]), .accounts a:not([data-popup])")) {
    link.addEventListener("click", () => mark(link));
  }
  for (const form of document.querySelectorAll("form")) {
    form.addEventListener("submit", (event) => {
      if (event.submitter && !event.defaultPrevented) mark(event.submitter);
    });
  }
}

const form = document.querySelector("[data-connect-form]");
// What was wrong is being put right.
function settled(form) {
  form.addEventListener("change", (event) => {
    const place = event.target.closest("fieldset");
    const problem = place && place.querySelector(".field-problem");
    if (!problem) return;
    problem.remove();
    const above = document.querySelector(`.notice a[href="#${place.id}"]`);
    if (above) above.closest(".notice").remove();
  });
}

// What is ticked outlives the way to a provider and back, in this window, for as long as that may take.
const DRAFT_LIFETIME = 15 * 60 * 1000;

function drafted(form) {
  const key = `gitflare ${document.querySelector("[data-again]").dataset.again}`;
  const values = (name, chosen) =>
    [...form.querySelectorAll(`input[name=${name}]${chosen}`)].map((field) => field.value);
  for (const link of document.querySelectorAll(".connect a, .accounts a")) {
    link.addEventListener("click", () => {
      const hidden = values("repositories", "[type=hidden]");
      sessionStorage.setItem(key, JSON.stringify({
        at: Date.now(),
        repositories: [...hidden, ...values("repositories", ":checked")],
        permissions: values("permissions", ":checked"),
      }));
    });
  }
  const text = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  const draft = text ? JSON.parse(text) : null;
  if (!draft || Date.now() - draft.at > DRAFT_LIFETIME) return;
  for (const box of form.querySelectorAll("input[type=checkbox][name=permissions]")) {
    box.checked = draft.permissions.includes(box.value);
  }
  restore(form.querySelector("[data-picker-part]"), draft.repositories);
}

// Ticks these repositories and no others, also where their boxes are on another part of the list.
function restore(part, chosen) {
  if (!part) return;
  for (const field of part.querySelectorAll("input[type=hidden][name=repositories]")) field.remove();
  const left = new Set(chosen);
  for (const box of part.querySelectorAll("[data-picker-rows] input")) {
    box.checked = left.delete(box.value);
  }
  for (const value of left) {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "repositories", value });
    part.prepend(field);
  }
}

const root = form && form.querySelector("[data-picker]");
if (form) settled(form);
if (form) drafted(form);
if (root) picker(form, root);
framedLinking();
leaving();
handover();
