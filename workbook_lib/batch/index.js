// Sorting by a column: the headings become buttons, so that without this script they are plain text.
for (const head of document.querySelectorAll("#workflows thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = head.textContent;
  head.replaceChildren(button);
  button.addEventListener("click", () => {
    const place = [...head.parentNode.children].indexOf(head);
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = document.querySelector("#workflows tbody");
    const key = (row) => row.children[place].dataset.sort;
    const rows = [...body.rows].sort((a, b) => key(a).localeCompare(key(b), undefined, { numeric: true }));
    body.append(...(down ? rows.reverse() : rows));
  });
}
