// Find: rows without all the words are hidden, and so are tables, charts and sections without any; hits are marked.

const MARKED = 5000; // places to mark: more than anybody reads, and each takes time to paint
const PART = "section, .block, .fold"; // what is hidden as a whole where nothing in it is found
const PASSAGE = `h1, h2, h3, p, li, dt, dd, caption, figcaption, pre, summary,
  .who > span, .verdict, .signature > div`;

// What is compared: letters small, and minus signs and spaces as they are typed. Each character stays one.
const typed = (text) => text.toLowerCase().replace(/\u2212/g, "-").replace(/[\u00a0\u2009\u202f]/g, " ");

// The part around something that may be closed; a summary is seen though its own part is closed.
function around(node) {
  const inner = node.matches("summary") ? node.parentElement : node;
  return inner.matches("details") ? inner.parentElement.closest("details") : inner.closest("details");
}

function startFinding(controls) {
  const [input, status] = [controls.querySelector("input"), controls.querySelector("[role=status]")];
  const [clearing, shortcut] = [controls.querySelector(".clear"), controls.querySelector(".shortcut")];
  const tables = all("main table");
  const parts = all(PART, document.querySelector("main"));
  const passages = all(PASSAGE, document.querySelector("main")).filter(
    (node) => !node.closest("tbody, .tools") && !node.querySelector("p, li, dt"),
  );
  const opened = new Set(); // closed again when the search is cleared
  let texts = null;
  let waiting = 0;

  // A row is found by its own words, its measurement, its heading and the title of its table.
  function remember() {
    texts = new Map(passages.map((node) => [node, typed(said(node))]));
    for (const table of tables) {
      let heading = "";
      for (const row of rowsOf(table)) {
        if (row.matches(".kind")) heading = said(row);
        const words = [...Array.from(row.cells, said), row.id, heading, titleOf(table)];
        texts.set(row, typed(words.join(" ")));
      }
    }
  }

  // Returns the rows found. A heading stays with its rows; what a table hides is said below it.
  function filter(table, isFound, asked) {
    const rows = rowsOf(table);
    const hits = new Set(rows.filter((row) => !row.matches(".kind") && isFound(row)));
    let wanted = false;
    for (const row of rows.reverse()) {
      const heading = row.matches(".kind");
      row.classList.toggle("unmatched", asked && !(heading ? wanted : hits.has(row)));
      wanted = heading ? false : wanted || hits.has(row);
    }
    const total = rows.filter((row) => !row.matches(".kind")).length;
    const note = (table.closest(".scroll") || table).nextElementSibling.querySelector(".matching");
    note.textContent = asked ? `${hits.size} of ${counted(total, "row", "rows")} shown` : "";
    rove(table);
    return hits;
  }

  function mark(nodes, words) {
    if (!window.Highlight) return;
    const marks = new Highlight();
    for (const found of nodes) {
      const walker = document.createTreeWalker(found, NodeFilter.SHOW_TEXT);
      while (walker.nextNode() && marks.size < MARKED) {
        const node = walker.currentNode;
        const text = typed(node.data);
        if (text.length !== node.length) continue; // of few letters the small one is longer: then places differ
        for (const word of words) {
          for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
            const place = { startContainer: node, startOffset: at, endContainer: node, endOffset: at + word.length };
            marks.add(new StaticRange(place));
          }
        }
      }
    }
    CSS.highlights.set("found", marks);
  }

  function find() {
    const words = typed(input.value).split(/\s+/).filter(Boolean);
    const asked = words.join("").length > 1;
    if (texts === null) remember();
    const isFound = (node) => asked && words.every((word) => texts.get(node).includes(word));
    const rows = tables.flatMap((table) => Array.from(filter(table, isFound, asked)));
    const found = [...rows, ...passages.filter(isFound)];
    opened.forEach((part) => { part.open = false; });
    opened.clear();
    const holding = new Set();
    for (const node of found) {
      for (let part = node.closest(PART); part; part = part.parentElement.closest(PART)) holding.add(part);
      for (let part = around(node); part; part = around(part)) {
        if (!part.open) opened.add(part);
        part.open = true;
      }
    }
    for (const part of parts) part.classList.toggle("unmatched", asked && !holding.has(part));
    mark(found, words);
    controls.classList.toggle("asked", input.value !== "");
    clearing.hidden = input.value === "";
    const told = [[rows.length, "row", "rows"], [found.length - rows.length, "passage", "passages"]]
      .filter(([number]) => number > 0)
      .map(([number, one, many]) => counted(number, one, many));
    const none = `Nothing on this page has “${input.value.trim()}”. Escape clears the search.`;
    if (asked) status.textContent = found.length ? `${told.join(" and ")} found` : none;
    else status.textContent = input.value ? "Two letters or more" : "";
  }

  function clear() {
    input.value = "";
    find();
  }

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, 120);
  });
  clearing.addEventListener("click", () => { clear(); input.focus(); });
  shortcut.addEventListener("click", () => {
    shortcut.setAttribute("aria-pressed", shortcut.getAttribute("aria-pressed") !== "true");
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey;
    if (event.key === "/" && !typing && shortcut.getAttribute("aria-pressed") === "true") {
      event.preventDefault();
      input.focus();
      input.select();
    } else if (event.key === "Escape" && input.value) {
      event.preventDefault();
      clear();
    }
  });
  return clear;
}
