export function showFlash({ kind, message }) {
  const region = document.querySelector("[data-flash]")
  if (!region) return

  const flash = document.createElement("p")
  flash.classList.add("flash", `flash--${kind}`)
  flash.textContent = message
  region.replaceChildren(flash)
}
