// Messages stand over the page in stacks, each at a place of the window. A message never moves:
// the next one of its stack stands beyond it, and its own space stays empty when it is retired,
// until nothing stands beyond it.

const most = 3 // in a stack, with the empty spaces
const pressed = ":is(main, .cart) :is(a, button)"
const read = ":is(main, .cart) :is(h1, h2)"

// The messages that stand there.
export const standing = (box) => [...box.children].flatMap((stack) => [...stack.children].filter(stands))

const stands = (card) => !("gone" in card.dataset)

// Puts a message where it covers the least: of what it is about, which may be null, of other
// messages, of what can be pressed, of headings.
export function place(box, card, about) {
  const kinds = [about ? [about] : [], standing(box), outside(box, pressed), outside(box, read)]
  let best = null
  for (const stack of roomy(stacksOf(box))) {
    stack.append(card)
    const covers = kinds.map((elements) => elements.reduce((sum, element) => sum + overlap(card, element), 0))
    if (!best || less(covers, best.covers)) best = { stack, covers }
  }
  card.remove()
  if (best.stack.children.length >= most) best.stack.children[0].remove()
  best.stack.append(card)
}

export function retire(card) {
  card.dataset.gone = ""
  const stack = card.parentElement
  while (stack?.lastElementChild && !stands(stack.lastElementChild)) stack.lastElementChild.remove()
}

// Where messages may stand is in the box's data, the preferred place first: at the top where the
// page's own button is at its end.
function stacksOf(box) {
  if (!box.children.length) {
    for (const at of box.dataset.toast.split(" ")) {
      const stack = document.createElement("div")
      stack.className = "toast__stack"
      stack.dataset.at = at
      box.append(stack)
    }
  }
  return [...box.children].filter((stack) => getComputedStyle(stack).display !== "none")
}

// The stacks that have room, or all.
function roomy(stacks) {
  const some = stacks.filter((stack) => stack.children.length < most)
  return some.length ? some : stacks
}

const outside = (box, selector) =>
  [...document.querySelectorAll(selector)].filter((element) => !box.contains(element))

// The first that differs decides.
function less(some, others) {
  const i = some.findIndex((area, i) => area !== others[i])
  return i >= 0 && some[i] < others[i]
}

function overlap(some, other) {
  const [a, b] = [some.getBoundingClientRect(), other.getBoundingClientRect()]
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  return width > 0 && height > 0 ? width * height : 0
}
