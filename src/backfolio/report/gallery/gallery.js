// Filters the list of reports, and marks what cannot be compared with the reference that a reader chooses.
(() => {
  const table = document.querySelector("table.runs-all"), form = document.querySelector("form.filter");
  if (!table || !form) return;
  const rows = [...table.tBodies[0].rows], output = form.querySelector("output"), none = document.querySelector(".none");
  const causes = JSON.parse(table.dataset.causes);
  const texts = new Map(rows.map(row => [row, `${row.textContent} ${row.querySelector("a").title}`.toLowerCase()]));

  // The rule of backfolio/report/gallery/comparable.py.
  const differs = (one, other) => {
    const apart = name => one[name] && other[name] && one[name] !== other[name];
    let found = [];
    if (!one.print || !other.print) found = ["unknown"];
    else if (one.print !== other.print) {
      found = ["source", "universe", "window", "benchmark"].filter(apart);
      if (!found.length) found = ["values"];
    }
    return apart("rules") ? [...found, "rules"] : found;
  };
  const mark = reference => {
    for (const row of rows) {
      const found = row === reference ? [] : differs(row.dataset, reference.dataset);
      row.classList.toggle("apart", found.length > 0);
      const said = found.map(name => causes[name]).join(table.dataset.between);
      row.querySelector(".differs").textContent = said && `${table.dataset.differs} ${said}`;
    }
  };
  const filter = () => {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = ["kind", "thesis", "source"].map(name => [name, form.elements[name].value]);
    const same = form.elements.same.checked;
    let count = 0;
    for (const row of rows) {
      const shown = words.every(word => texts.get(row).includes(word))
        && chosen.every(([name, value]) => !value || row.dataset[name] === value)
        && !(same && row.classList.contains("apart"));
      row.hidden = !shown;
      count += shown;
    }
    output.value = count === rows.length ? output.dataset.all : output.dataset.some.replace("{n}", count);
    none.hidden = count > 0;
  };

  // On a narrow screen the headings are not shown: the same order is chosen from a list.
  const order = form.elements.order;
  form.reset();
  for (const head of table.tHead.rows[0].cells) {
    if (head.dataset.label) order.append(new Option(head.dataset.label, head.cellIndex));
  }
  order.value = String(table.tHead.rows[0].cells.length - 1);
  order.addEventListener("change", () => table.tHead.rows[0].cells[order.value].querySelector("button").click());

  table.addEventListener("change", event => {
    if (event.target.name !== "reference") return;
    mark(event.target.closest("tr"));
    filter();
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
  const picked = table.querySelector("input[name=reference]:checked");
  if (picked) mark(picked.closest("tr"));
  filter();
})();
