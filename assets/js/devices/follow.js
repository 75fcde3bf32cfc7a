import { followToken } from "../admin-token.js"
import { setText } from "../dashboard/paint.js"
import { addByButton } from "./add.js"
import { createChoice } from "./choice.js"
import { createDevice } from "./device.js"
import { createList } from "./list.js"
import { createLog } from "./log.js"
import { revokeByButton } from "./revoke.js"
import { setByButton } from "./set.js"
import { unsetByButton } from "./unset.js"

// Shows devices and what they say, and returns the channel by which the page is told.
export function followDevices(socket) {
  const choice = createChoice()
  const channel = socket.channel("admin:devices", () => ({ device: choice.id }))
  const find = (name) => document.querySelector(`[data-${name}]`)
  choice.follow((device) => channel.state === "joined" && channel.push("show", { device }))
  createLog(find("log"), channel, choice)
  const list = createList(find("list"), channel, choice)
  const device = createDevice(find("device"), channel, choice)
  addByButton(find("list"), find("add-dialog"), find("key-dialog"), channel, ({ id }) => {
    list.refresh()
    choice.choose(id)
  })
  const retells = [
    revokeByButton(device, find("revoke-dialog"), channel),
    setByButton(device, find("set-dialog"), channel),
    unsetByButton(device, find("unset-dialog"), channel),
  ]
  const fault = find("fault")
  channel.on("state", (state) => {
    setText(fault, state.fault)
    fault.hidden = state.fault === ""
    list.show(state)
    retells.forEach((retell) => retell())
  })
  followToken(channel)
  channel.join()
  return channel
}
