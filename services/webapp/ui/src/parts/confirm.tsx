// Asks before something is lost. Must never be used for what can be undone.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

interface Question {
  title: string;
  text: string;
  yes: string;
  answer: (sure: boolean) => void;
}

const question = signal<Question | null>(null);

export function confirm(title: string, text: string, yes: string): Promise<boolean> {
  return new Promise((answer) => (question.value = { title, text, yes, answer }));
}

export function ConfirmDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = question.value;

  useEffect(() => {
    if (asked) dialog.current?.showModal();
  }, [asked]);

  if (!asked) return null;
  // `close` also fires for Escape, so every way out gives exactly one answer.
  const closed = () => {
    const sure = dialog.current?.returnValue === "yes";
    question.value = null;
    asked.answer(sure);
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" onClose={closed}>
      <form method="dialog">
        <h2 id="dialog-title">{asked.title}</h2>
        <p>{asked.text}</p>
        <div class="dialog-buttons">
          <button class="button" value="no" autofocus>
            Keep
          </button>
          <button class="button button-danger" value="yes" data-testid="confirm">
            {asked.yes}
          </button>
        </div>
      </form>
    </dialog>
  );
}
