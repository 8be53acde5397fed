// A link with data-dialog opens that dialog instead of the page that asks the same question.
export function offerDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      dialog.showModal();
      return;
    }
    const closer = event.target.closest("[data-close]");
    if (closer?.closest("dialog")) {
      event.preventDefault();
      closer.closest("dialog").close();
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form.ask-form");
    if (!form) return;
    if (form.dataset.sent) event.preventDefault(); // pressed twice
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form.ask-form")) delete form.dataset.sent;
  });
}
