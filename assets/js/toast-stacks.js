// Messages stand over the page in stacks, each at a place of the window. A message never moves:
// the next one of its stack stands beyond it. Its own space stays empty when it is retired, until
// nothing stands beyond it or another message fits in.

const most = 3 // in a stack, with the empty spaces
const pressed = ":is(main, .cart) :is(a, button)"
const read = ":is(main, .cart) :is(h1, h2)"

// The messages that stand there.
export const standing = (box) => [...box.children].flatMap((stack) => [...stack.children].filter(stands))

const stands = (card) => !("gone" in card.dataset)

// Puts a message where it covers the least: of what it is about, which may be null, of other
// messages, of what can be pressed, of headings. Where no space is left, it takes that of an
// earlier message, but of no choice.
export function place(box, card, about) {
  const others = [about ? [about] : [], standing(box), outside(box, pressed), outside(box, read)]
  const spots = stacksOf(box).map((stack) => spotIn(stack, card))
  const free = spots.filter(({ old }) => !old || !stands(old))
  let best = null
  for (const spot of free.length ? free : spots) {
    const covers = others.map((elements) => elements.reduce((sum, element) => sum + covered(spot, element), 0))
    if (!best || less(covers, best.covers)) best = { ...spot, covers }
  }
  if (best.old) {
    card.style.minHeight = `${best.rect.bottom - best.rect.top}px`
    best.old.replaceWith(card)
  } else best.stack.append(card)
}

export function retire(card) {
  card.dataset.gone = ""
  const stack = card.parentElement
  while (stack?.lastElementChild && !stands(stack.lastElementChild)) stack.lastElementChild.remove()
}

// Where in a stack a message would stand, and in place of which old one, if any.
function spotIn(stack, card) {
  stack.append(card)
  const rect = card.getBoundingClientRect()
  const isFull = stack.children.length > most
  card.remove()
  if (!isFull) return { stack, rect }

  const height = ({ top, bottom }) => bottom - top
  const cards = [...stack.children]
  const old =
    cards.find((gone) => !stands(gone) && height(gone.getBoundingClientRect()) >= height(rect)) ??
    cards.find((other) => stands(other) && !("offer" in other.dataset)) ??
    cards.find((gone) => !stands(gone))
  return { stack, old, rect: old.getBoundingClientRect() }
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

const outside = (box, selector) =>
  [...document.querySelectorAll(selector)].filter((element) => !box.contains(element))

// The first that differs decides.
function less(some, others) {
  const i = some.findIndex((area, i) => area !== others[i])
  return i >= 0 && some[i] < others[i]
}

function covered({ rect: a, old }, element) {
  if (element === old) return 0

  const b = element.getBoundingClientRect()
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  return width > 0 && height > 0 ? width * height : 0
}
