// A number that is chosen shows how it was made: definition, formula in figures, and the command that traces it to its rows.
// Without this script the number's link leads to the definition at the foot of the page.
"use strict";
const HOW = {
  difference: "Endringen er det første tallet minus det andre, regnet av uavrundede tall.",
  one_person: "100 / årsverk: så mange prosentpoeng betyr det at én i full stilling er borte hele perioden.",
  in_persons: "prosentpoeng × årsverk / 100: så mange årsverk borte hele perioden svarer endringen til.",
};
const box = document.createElement("dialog");
box.setAttribute("aria-labelledby", "sporing");
document.body.append(box);

function element(name, text, attributes) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  return made;
}

function show(link) {
  const cells = link.dataset.cell.split(" | ");
  box.replaceChildren(element("h2", "Slik er tallet " + link.textContent + " regnet", { id: "sporing" }));
  if (link.dataset.how) box.append(element("p", HOW[link.dataset.how]));
  for (const cell of cells) {
    const [table, measure] = [cell.split(" ")[0], cell.split(" ").pop()];
    const anchor = document.getElementById("d-" + table + "-" + measure);
    if (anchor) {
      const definition = anchor.closest("div");
      box.append(element("h3", definition.querySelector("dt").textContent));
      const said = definition.querySelector("dd").cloneNode(true);
      said.querySelector(".tables").remove();
      box.append(element("p", said.textContent));
      if (link.dataset.n) {
        const { factor, of, by } = anchor.dataset;
        const times = factor === "1" ? "" : factor + " × ";
        box.append(element("p", `${times}${link.dataset.n} ${of} / ${link.dataset.m} ${by} = ${link.textContent}`, { class: "formula" }));
      }
    }
    const command = element("input", "", { readonly: "", value: "arsverk trace " + cell, "aria-label": "Kommando som sporer tallet til radene" });
    command.addEventListener("focus", () => command.select());
    const copy = element("button", "Kopier", { type: "button" });
    copy.addEventListener("click", () => {
      command.select();
      document.execCommand("copy");
      copy.textContent = "Kopiert";
    });
    const line = element("div", "", { class: "command" });
    line.append(command, copy);
    box.append(element("p", "Kommandoen viser hvilke rader i hvilke filer tallet er laget av:"), line);
  }
  const close = element("button", "Lukk", { type: "button" });
  close.addEventListener("click", () => box.close());
  box.append(close);
  box.showModal();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest("a.n");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  show(link);
});
