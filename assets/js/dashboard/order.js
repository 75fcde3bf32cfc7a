import { say } from "../toast.js"
import { setText } from "./paint.js"

const offline = "The page is not connected. Try again when it is."
const patienceMs = 15_000 // more than the ten seconds of a server that waits for its nodes

// A dialog that says what will happen, has it done when that is confirmed, and tells what became of
// it. It may be closed while it waits; the answer is said then all the same.
export function createOrder(dialog, channel) {
  const find = (name) => dialog.querySelector(`[data-${name}]`)
  const [title, words, status, cancel, confirm] = ["title", "words", "status", "cancel", "confirm"].map(find)
  let order = null // the one that the dialog is about
  let unchecked = false // the trouble that is told is that of its check
  let asked = "" // the question that is answered by another confirmation

  function open(next) {
    order = next
    title.textContent = order.title
    ready("")
    dialog.showModal()
  }

  function ready(trouble) {
    unchecked = false
    asked = ""
    confirm.disabled = false
    confirm.textContent = order.confirm
    cancel.textContent = "Cancel"
    setText(words, order.words())
    tell(trouble, trouble !== "")
  }

  function tell(text, isTrouble) {
    status.textContent = text
    status.toggleAttribute("data-trouble", isTrouble)
  }

  function send(sent) {
    const trouble = sent.check?.() ?? ""
    if (trouble) {
      ready(trouble)
      unchecked = true
      return
    }
    if (channel.state !== "joined") return ready(offline)

    const question = sent.question?.() ?? ""
    if (question !== asked) {
      ready(question)
      asked = question
      confirm.textContent = sent.sure
      return
    }
    cancel.focus() // a disabled button can't keep it
    cancel.textContent = "Close"
    confirm.disabled = true
    confirm.textContent = sent.busy
    tell(sent.wait ?? "Waiting until every node shows it. That may take 10 seconds.", false)
    sent.opener.disabled = true
    channel
      .push(sent.event, sent.payload(), patienceMs)
      .receive("ok", (answer) => {
        end(sent, `${sent.done(answer)}${laggards(answer.not_shown_by)}`, true)
        sent.after?.(answer)
      })
      .receive("error", ({ reason }) => end(sent, reason ?? "It was refused."))
      .receive("timeout", () =>
        end(sent, sent.late ?? "No answer came. It may be done all the same: look before you try again."),
      )
  }

  function end(sent, text, done = false) {
    sent.opener.disabled = false
    const shown = dialog.open && order === sent
    if (shown && !done) return ready(text)
    if (shown) dialog.close()
    say(text)
  }

  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault()
    if (!confirm.disabled) send(order)
  })
  cancel.addEventListener("click", () => dialog.close())
  // The focus went back to the button from which it came, unless that can't have it now.
  dialog.addEventListener(
    "close",
    () =>
      (order.opener.hidden || order.opener.disabled || order.opener.isConnected === false) && order.otherwise.focus(),
  )

  // Updates the words while the dialog waits for a click. Once confirmed, they stay as they were
  // until the order is done.
  function retell() {
    if (!dialog.open || confirm.disabled) return
    setText(words, order.words())
    if (status.textContent === offline && channel.state === "joined") ready("")
    if (unchecked && !order.check()) ready("")
    if (asked && order.question() !== asked) ready("")
    if (!order.isMoot?.()) return
    dialog.close()
    say(order.moot)
  }

  return { open, retell }
}

export function laggards(nodes) {
  return nodes?.length ? ` Not shown yet by ${nodes.join(", ")}: it comes there by itself.` : ""
}
