// The host picker of the run form: a box that shows only hosts whose name contains what is typed,
// and a count. Without this module all of them are simply there.
export function helpPicker() {
  for (const picker of document.querySelectorAll("[data-picker]")) help(picker);
}

function help(picker) {
  const tools = picker.querySelector(".picker-tools"), box = picker.querySelector(".picker-filter");
  const count = picker.querySelector(".picker-count"), rows = [...picker.querySelectorAll(".picker-hosts label")];
  if (!tools || !box || !count) return;

  function tell() {
    const said = { chosen: picker.querySelectorAll("input[name=host]:checked").length, shown: rows.filter((row) => !row.hidden).length, all: rows.length };
    count.textContent = count.dataset.words.replace(/\{(\w+)\}/g, (_, name) => said[name]);
  }

  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    tell();
  });
  box.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  picker.addEventListener("change", tell);
  tools.hidden = rows.length < 2;
  tell();
}
