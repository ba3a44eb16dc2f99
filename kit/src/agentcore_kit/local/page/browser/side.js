// The list at the side, which lies over the page on a narrow window, and only there is opened by a button.

export class Side {
  #toggle;
  #box;

  constructor(toggle, box) {
    this.#toggle = toggle;
    this.#box = box;
    toggle.addEventListener("click", () => this.#unfold(!this.unfolded));
  }

  /** Whether it lies over the page. */
  get unfolded() {
    return this.#box.classList.contains("unfolded");
  }

  fold() {
    if (!this.unfolded) return;
    this.#unfold(false);
    this.#toggle.focus();
  }

  #unfold(unfolded) {
    this.#box.classList.toggle("unfolded", unfolded);
    this.#toggle.setAttribute("aria-expanded", String(unfolded));
    if (unfolded) this.#box.querySelector("button")?.focus();
  }
}
