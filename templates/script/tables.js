// Tables: sort by a column, save as CSV, link to a row.

const rowsOf = (table) => Array.from(table.tBodies[0].rows);
const nameOf = (table) => table.id || table.getAttribute("aria-labelledby") || "table";
const titleOf = (table) => said(table.caption || document.getElementById(nameOf(table)));

function startTable(table) {
  const tools = made("p", { class: "tools" });
  const labelled = (text) => ({ "aria-label": `${text}: ${titleOf(table)}` });
  const button = made("button", { type: "button", ...labelled("Download as CSV") }, "Download as CSV");
  const link = made("a", { href: `#${table.id}`, ...labelled("Link to this table") }, "Link to this table");
  button.addEventListener("click", () => save(table));
  tools.append(made("span", { class: "matching" }), button, ...(table.id ? [link] : []));
  (table.closest(".scroll") || table).after(tools);
  // The groups of a metric keep their order: that is how one finds them again from page to page.
  if (!table.matches(".groups")) startSorting(table);
  startLinks(table);
}

// Numbers are read as they are printed: with a true minus, and spaces or commas between groups of three digits.
const ascii = (text) => text.replace(/\u2212/g, "-").replace(/(\d)[,\u00a0\u2009\u202f](?=\d{3}(?!\d))/g, "$1");
const MISSING = /^(not (measured|recorded|provided|given|published)\b.*|[-\u2013\u2014]?)$/i;
const BEFORE = /(?:at least |at most |fewer than |more than |\u00b1)?/.source;
const AMOUNT = /([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(%?)/.source;
const AFTER = /(?=\s*(?:\u2020|[(;,]|to [+-]?\d|[^\d\s]{1,6}$|$))/.source;
const QUANTITY = new RegExp(`^${BEFORE}${AMOUNT}${AFTER}`, "i");

// The value of "0.84 (0.75 to 0.90)" or "12 %"; null for words, as "40 to under 55 years" is. "none" is severity 0.
function quantity(text) {
  if (text === "none") return 0;
  const found = QUANTITY.exec(ascii(text));
  return found ? Number(found[1]) / (found[2] ? 100 : 1) : null;
}

// What each row is compared by; null, where nothing was measured, stands last whichever way the column is sorted.
function keysOf(rows, column) {
  const texts = rows.map((row) => said(row.cells[column]));
  const values = texts.map((text) => (MISSING.test(text) ? null : quantity(text)));
  const told = texts.filter((text) => !MISSING.test(text)).length;
  if (2 * values.filter((value) => value !== null).length > told) return values;
  return texts.map((text) => (MISSING.test(text) ? null : text));
}

const inWords = new Intl.Collator(document.documentElement.lang, { numeric: true });
function sort(table, column, direction) {
  const rows = rowsOf(table).sort((a, b) => a.dataset.place - b.dataset.place);
  if (direction !== "none") {
    const keys = new Map(keysOf(rows, column).map((key, index) => [rows[index], key]));
    const sign = direction === "descending" ? -1 : 1;
    rows.sort((a, b) => {
      const [first, second] = [keys.get(a), keys.get(b)];
      if (first === null || second === null) return (first === null) - (second === null);
      return sign * (typeof first === "number" ? first - second : inWords.compare(first, second));
    });
  }
  table.tBodies[0].append(...rows);
  all("thead th", table).forEach((head, index) => {
    head.setAttribute("aria-sort", index === column ? direction : "none");
  });
  rove(table);
}

const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
function startSorting(table) {
  rowsOf(table).forEach((row, index) => { row.dataset.place = index; });
  all("thead th", table).forEach((head, column) => {
    const button = made("button", { type: "button", class: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => sort(table, column, NEXT[head.getAttribute("aria-sort")]));
  });
}

// One row of a CSV file. A spreadsheet computes what begins like a formula: an apostrophe keeps that text.
function line(texts) {
  const fields = texts.map((text) => {
    const number = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(ascii(text));
    const shown = number ? ascii(text) : /^[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/.test(text) ? `'${text}` : text;
    return `"${shown.replace(/"/g, '""')}"`;
  });
  return `${fields.join(",")}\r\n`;
}

function sources(row) {
  const named = [row, ...all("[data-m]", row)].flatMap((node) => (node.dataset.m || "").split(" "));
  return Array.from(new Set(named)).filter(Boolean).join(" ");
}

// What stands together in one cell of a group table becomes a column each.
function groupCells(row, heading) {
  const part = (selector) => said(row.querySelector(selector));
  const notes = all(".under", row).map(said).join("; ") || part("td.plot:not(:has(svg))");
  const counts = all("td.count", row).map(said);
  const value = part(".value b") || part(".value");
  return [heading, said(row.cells[0].firstChild), ...counts, value, part(".value > .interval"), notes, part(".tag")];
}

function linesOf(table) {
  const heads = all("thead th:not(.plot)", table).map(said);
  if (!table.matches(".groups")) {
    const named = heads.includes("Measurement");
    const lines = rowsOf(table).map((row) => [...Array.from(row.cells, said), ...(named ? [] : [sources(row)])]);
    return [[...heads, ...(named ? [] : ["Measurements"])], ...lines];
  }
  const lines = [["Groups by", ...heads, "Interval", "Notes", "Mark", "Measurements"]];
  let heading = "";
  for (const row of rowsOf(table)) {
    if (row.matches(".kind")) heading = said(row.cells[0]);
    else lines.push([...groupCells(row, heading), sources(row)]);
  }
  return lines;
}

// RFC 4180, all rows, in UTF-8 with a byte order mark: Excel takes a file without one for another encoding.
function save(table) {
  const file = new Blob(["\ufeff", ...linesOf(table).map(line)], { type: "text/csv;charset=utf-8" });
  const address = URL.createObjectURL(file);
  const name = `${document.title} ${nameOf(table)}`.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 120);
  made("a", { href: address, download: `${name}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// Of all links to rows of a table, Tab reaches one, and arrow keys the others from there: there may be thousands.
function rove(table, chosen) {
  const links = all("tbody tr:not(.unmatched) .anchor", table);
  all('.anchor[tabindex="0"]', table).forEach((link) => { link.tabIndex = -1; });
  const link = chosen || links[0];
  if (link) link.tabIndex = 0;
  return links;
}

const STEPS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
function startLinks(table) {
  for (const row of all("tbody tr[id]", table)) {
    const label = `Link to this row, measurement ${row.id.slice(2)}`;
    row.cells[0].append(made("a", { href: `#${row.id}`, class: "anchor", "aria-label": label, tabindex: "-1" }));
  }
  rove(table);
  table.addEventListener("keydown", (event) => {
    if (!(event.key in STEPS) || !event.target.matches(".anchor")) return;
    const links = rove(table, event.target);
    const place = links.indexOf(event.target) + STEPS[event.key];
    event.preventDefault();
    const next = links[Math.min(Math.max(place, 0), links.length - 1)];
    rove(table, next);
    next.focus();
  });
}
