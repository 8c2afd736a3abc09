"use strict";
// Sorts a table by the column whose heading is pressed; numbers as numbers, what is no number last.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const parse = text => {
    const bare = text.replace(/[,%+\s]/g, "").replace("\u2212", "-");
    return bare === "" ? NaN : Number(bare);
  };
  const sort = (head, at, numeric) => {
    const now = head.getAttribute("aria-sort");
    const up = now === "none" ? !numeric : now === "descending";
    const rows = [...body.rows].map((row, place) => {
      const text = row.cells[at].dataset.value ?? row.cells[at].textContent.trim();
      return { row, place, text, number: numeric ? parse(text) : 0 };
    });
    rows.sort((one, other) => {
      const lost = Number.isNaN(one.number) - Number.isNaN(other.number);
      if (lost) return lost;
      const order = numeric ? one.number - other.number : one.text.localeCompare(other.text);
      return (up ? order : -order) || one.place - other.place;
    });
    for (const other of heads) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...rows.map(each => each.row));
  };
  heads.forEach((head, at) => {
    if (!head.dataset.kind) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    if (!head.hasAttribute("aria-sort")) head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => sort(head, at, head.dataset.kind === "number"));
  });
}
