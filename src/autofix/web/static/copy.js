// A button that copies what a field shows. Hidden where the browser lets no page copy: there the
// field is selected by hand.
export function helpCopy() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copies);
      field.select();
      try { await navigator.clipboard.writeText(field.value); } catch { return; }
      button.textContent = button.dataset.done;
    });
  }
}
