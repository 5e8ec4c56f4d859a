// The public site and the dashboard: copy buttons, a filter for the endpoint list, the boxes of a preset,
// and a word on files that are too large before they are sent. Without it every text is still there to be selected.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  const text = button.parentElement.querySelector("[data-copy-text]");
  if (!text || !navigator.clipboard) continue;
  button.hidden = false;
  const label = [...button.childNodes];
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
    button.setAttribute("aria-live", "polite");
    setTimeout(() => { button.replaceChildren(...label); }, 2000);
  });
}

const filter = document.querySelector("[data-filter]");
if (filter) {
  filter.hidden = false;
  const input = filter.querySelector("[data-filter-input]");
  const count = filter.querySelector("[data-filter-count]");
  const rows = [...document.querySelectorAll("[data-filter-row]")];
  const tables = [...new Set(rows.map((row) => row.closest(".scroll")))];
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    for (const table of tables) {
      const isEmpty = !table.querySelector("[data-filter-row]:not([hidden])");
      table.hidden = isEmpty;
      const title = table.previousElementSibling;
      if (title && title.tagName === "H3") title.hidden = isEmpty;
    }
    count.textContent = words.length ? `${shown} of ${rows.length} endpoints` : "";
  });
}

for (const input of document.querySelectorAll("input[type=file][data-most-bytes]")) {
  input.addEventListener("change", () => {
    const most = Number(input.dataset.mostBytes);
    const isLarge = [...input.files].some((file) => file.size > most);
    input.setCustomValidity(isLarge ? `This must have at most ${most / 1024} KiB.` : "");
    input.reportValidity();
  });
}

// A preset ticks its boxes; whoever changes one chooses those that are ticked.
for (const form of document.querySelectorAll("form")) {
  const own = form.querySelector("input[data-preset='']");
  if (!own) continue;
  const boxes = form.querySelectorAll("input[name=defaultPermissions]");
  form.addEventListener("change", (event) => {
    if (event.target.name === "defaultPermissions") own.checked = true;
    if (event.target.name !== "preset" || event.target === own) return;
    const scopes = event.target.dataset.preset.split(" ");
    for (const box of boxes) box.checked = scopes.includes(box.value);
  });
}
