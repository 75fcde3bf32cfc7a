// The form of a product works without this script, which only says that saving takes a while, and
// asks before something that was written is lost.
const form = document.querySelector("[data-edit]")
const button = form.querySelector("[data-save]")
const busy = form.querySelector("[data-busy]")
let written = document.querySelector("[role=alert]") !== null // it came back, and is not saved

form.addEventListener("input", () => (written = true))

form.addEventListener("submit", (event) => {
  if (button.ariaBusy === "true") return event.preventDefault()
  const photos = [...form.querySelectorAll("input[type=file]")].filter((input) => input.files.length > 0).length
  written = false
  button.ariaBusy = "true"
  busy.textContent = photos > 0 ? "Saving, and making the photos smaller…" : "Saving…"
})

window.addEventListener("beforeunload", (event) => written && event.preventDefault())

// A page that comes back from the history is not saving any more.
window.addEventListener("pageshow", () => {
  button.ariaBusy = null
  busy.textContent = ""
})
