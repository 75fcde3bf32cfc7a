import { createKeyed } from "./keyed"
import { grouped } from "./numbers"
import { setText } from "./paint"

const behindMs = 3000
const none = []

// The nodes by name. One that has lagged for seconds stands out.
export function createNodes(panel) {
  const show = createKeyed(panel.querySelector("tbody"), panel.querySelector("template"), bind)
  const alone = panel.querySelector("[data-alone]")
  let seen = null

  return ({ nodes = none }) => {
    if (nodes === seen) return
    seen = nodes
    const sorted = [...nodes].sort((a, b) => (a.name < b.name ? -1 : 1))
    show(sorted.map((node) => [node.name, node]))
    alone.hidden = nodes.length !== 1
  }
}

function bind(row) {
  const find = (name) => row.querySelector(`[data-${name}]`)
  const [name, sockets, revision, lag] = ["name", "sockets", "revision", "lag"].map(find)
  return (node) => {
    setText(name, node.name)
    name.title = node.name
    setText(sockets, grouped(node.sockets))
    setText(revision, grouped(node.revision))
    setText(lag, node.lag_ms > 0 ? `${(node.lag_ms / 1000).toFixed(1)} s` : "none")
    row.toggleAttribute("data-behind", node.lag_ms > behindMs)
  }
}
