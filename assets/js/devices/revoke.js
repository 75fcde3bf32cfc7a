import { createOrder } from "../dashboard/order.js"

// Revokes the key of a device when that is confirmed. Call the function it returns when something
// has changed.
export function revokeByButton(device, dialog, channel) {
  const order = createOrder(dialog, channel)
  const opener = device.panel.querySelector("[data-revoke]")

  opener.addEventListener("click", () => {
    const { id, name } = device.now()
    order.open({
      title: `Revoke the key of ${name}?`,
      words: () =>
        "All of its connections end within seconds, and the key is never valid again: the device needs a new one. Its variables and its recent logs are kept.",
      confirm: "Revoke it",
      busy: "Revoking…",
      wait: "",
      event: "revoke",
      payload: () => ({ device: id }),
      done: () => `The key of ${name} is revoked.`,
      opener,
      otherwise: device.heading,
    })
  })
  return order.retell
}
