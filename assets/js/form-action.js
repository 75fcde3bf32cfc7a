// Where the form of a submit event goes.
export function actionOf({ submitter, target: form }) {
  return submitter?.getAttribute("formaction") ?? form.getAttribute("action")
}
