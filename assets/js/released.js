import { say } from "./toast.js"

const togetherMs = 250 // a drop releases its products at once, and their pushes follow each other
let names = []

// Says that a product is released, in one sentence with those that are released at the same moment.
export function sayReleased(name, tell = say) {
  names.push(name)
  if (names.length > 1) return

  setTimeout(() => {
    tell(sentence(names))
    names = []
  }, togetherMs)
}

function sentence([first, second, third, ...others]) {
  if (!second) return `${first} is released: pick a size.`
  if (!third) return `${first} and ${second} are released: pick a size.`
  const last = others.length > 0 ? `${others.length + 1} more` : third
  return `${first}, ${second} and ${last} are released: pick a size.`
}
