// What goes on without a change of the record, such as its own check, is looked at again and again
// as long as the page says so: an element with data-again="milliseconds".
export function keepAgain() {
  const look = () => {
    const wish = document.querySelector("[data-again]");
    if (wish && !document.hidden) document.dispatchEvent(new CustomEvent("autofix:look"));
    setTimeout(look, Number(wish?.dataset.again) || 1000);
  };
  look();
}
