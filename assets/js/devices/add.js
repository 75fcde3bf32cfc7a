import { createOrder } from "../dashboard/order.js"

// Adds a device when that is confirmed, and shows its key once.
export function addByButton(panel, dialog, keyDialog, channel, added) {
  const order = createOrder(dialog, channel)
  const field = dialog.querySelector("input")
  const opener = panel.querySelector("[data-add]")
  const showKey = createKey(keyDialog)

  opener.addEventListener("click", () => {
    field.value = ""
    order.open({
      title: "Add a device",
      words: () =>
        "The device gets a key, with which it connects to the gateway. Several kiosks may use the same key: they are one device then.",
      check: () => (field.value.trim() ? "" : "Write a name: 1 to 64 characters."),
      confirm: "Add it",
      busy: "Adding…",
      wait: "",
      late: "No answer came. If the device is in the list, revoke its key and add it again: the key can't be shown any more.",
      event: "add",
      payload: () => ({ name: field.value.trim() }),
      done: ({ name }) => `${name} is added.`,
      after(device) {
        showKey(device)
        added(device)
      },
      opener,
      otherwise: opener,
    })
  })
  field.addEventListener("input", order.retell)
}

// The key stands in the page only as long as it is looked at.
function createKey(dialog) {
  const find = (name) => dialog.querySelector(`[data-${name}]`)
  const [title, code, status, copy] = ["title", "key", "status", "copy"].map(find)
  copy.hidden = !navigator.clipboard

  copy.addEventListener("click", () =>
    navigator.clipboard.writeText(code.textContent).then(
      () => (status.textContent = "It is in the clipboard."),
      () => (status.textContent = "It could not be copied: select it, and copy it by hand."),
    ),
  )
  // A slip must not lose the key.
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault())
  dialog.addEventListener("cancel", (event) => event.preventDefault())
  dialog.addEventListener("close", () => (code.textContent = ""))

  return ({ name, key }) => {
    title.textContent = `${name} is added`
    code.textContent = key
    status.textContent = ""
    dialog.showModal()
  }
}
