/* Copyright (c) 2026 the webmedic.php_fpm authors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
"use strict";
// The page is whole without this. It adds search, filters, order, keys and links to a host.
(() => {
  const page = document.documentElement;
  const find = (id) => document.getElementById(id);
  const list = find("list");
  const search = find("find");
  const cause = find("cause");
  const order = find("sort");
  const chips = [...document.querySelectorAll(".chip")];
  const cells = new Map();
  const rows = [...list.children].map((row, place) => ({
    row, place, id: row.id, status: row.dataset.s, lost: Number(row.dataset.l || 0), began: Number(row.dataset.b || 0),
    causes: (row.dataset.c || "").split(" "), name: row.querySelector(".name").textContent, text: null,
  }));
  for (const cell of document.querySelectorAll(".cells a")) cells.set(cell.hash.slice(1), cell);

  page.classList.add("scripted");

  // ---------------------------------------------------------------- which hosts are shown
  // Read once, at the first search: the words of a host's row and of its findings.
  const words = (item) => {
    if (item.text === null) item.text = item.row.textContent.toLowerCase();
    return item.text;
  };
  const show = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const statuses = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.status));
    let shown = 0;
    for (const item of rows) {
      const fits = (!statuses.size || statuses.has(item.status)) && (!cause.value || item.causes.includes(cause.value))
        && wanted.every((word) => words(item).includes(word));
      item.row.hidden = !fits;
      const cell = cells.get(item.id);
      if (cell) cell.classList.toggle("dim", !fits);
      shown += fits;
    }
    find("shown").textContent = shown === rows.length ? `${shown} host${shown === 1 ? "" : "s"}` : `${shown} of ${rows.length} hosts`;
  };
  const orders = {
    worst: (a, b) => a.place - b.place,
    name: (a, b) => a.name.localeCompare(b.name, undefined, {numeric: true}),
    lost: (a, b) => b.lost - a.lost || a.place - b.place,
    began: (a, b) => (a.began || Infinity) - (b.began || Infinity) || a.place - b.place,
  };
  const sort = () => list.append(...[...rows].sort(orders[order.value]).map((item) => item.row));
  const all = () => {
    search.value = "";
    cause.value = "";
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    show();
  };
  let waiting = 0;
  search.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(show);
  });
  cause.addEventListener("change", show);
  order.addEventListener("change", sort);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      show();
    });
  }
  find("tools").addEventListener("submit", (event) => event.preventDefault());

  // ---------------------------------------------------------------- one host
  const open = (row, also) => {
    if (row.hidden) all();
    const details = row.querySelector("details");
    if (details && also) details.open = true;
    row.focus({preventScroll: true});
    row.scrollIntoView({block: also ? "start" : "nearest"});
  };
  const follow = () => {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { /* it is what it is */ }
    const target = find(id) || find(location.hash.slice(1));
    if (!target) return;
    if (target.classList.contains("host")) open(target, true);
    else if (target.classList.contains("card")) target.focus({preventScroll: true});
  };
  addEventListener("hashchange", follow);
  list.addEventListener("toggle", (event) => {
    const row = event.target.closest(".host");
    if (event.target.open && event.target.parentElement === row && location.hash !== "#" + row.id) {
      history.replaceState(null, "", "#" + row.id);
    }
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#host-']");
    if (link && link.hash === location.hash) follow();
  });
  document.addEventListener("mouseover", (event) => {
    const cell = event.target.closest(".cells:not(.named) a");
    if (cell && !cell.title) cell.title = cell.textContent;
  });

  // ---------------------------------------------------------------- keys
  const step = (by) => {
    const shown = rows.filter((item) => !item.row.hidden).map((item) => item.row);
    shown.sort((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
    const now = shown.indexOf(document.activeElement.closest(".host"));
    const next = shown[now < 0 ? 0 : Math.min(Math.max(now + by, 0), shown.length - 1)];
    if (next) open(next, false);
  };
  const keys = {
    "/": () => search.focus(),
    j: () => step(1),
    k: () => step(-1),
    Escape: all,
    Enter: () => {
      const details = document.activeElement.matches(".host") && document.activeElement.querySelector("details");
      if (details) details.open = !details.open;
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    if (event.key.length === 1 && (!find("keys").checked || event.target.matches("input[type=search], select"))) return;
    if (event.key === "Enter" && !event.target.matches(".host")) return;
    event.preventDefault();
    keys[event.key]();
  });

  // ---------------------------------------------------------------- light, dark, paper
  const kept = (value) => {
    try {
      if (value) localStorage.setItem("webmedic-theme", value);
      return localStorage.getItem("webmedic-theme");
    } catch {
      return null;
    }
  };
  const theme = kept();
  if (theme === "light" || theme === "dark") page.dataset.theme = theme;
  find("theme").addEventListener("click", () => {
    const dark = page.dataset.theme ? page.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    page.dataset.theme = dark ? "light" : "dark";
    kept(page.dataset.theme);
  });

  follow();
})();
