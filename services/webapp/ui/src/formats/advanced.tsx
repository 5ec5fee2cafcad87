// The wishes that few need, folded away. Must never hold one that is needed to get a good result.
import { name, NORMAL, priority, strict } from "./wish.ts";

const PRIORITIES = [
  [9, "Before everything else"],
  [7, "Sooner"],
  [NORMAL, "Normal"],
  [2, "When there is time"],
] as const;

export function Advanced() {
  return (
    <details class="advanced" data-testid="advanced">
      <summary>More options</summary>
      <div class="advanced-fields">
        <label class="field">
          <span>Name</span>
          <input
            type="text"
            maxLength={200}
            placeholder="The file's own name"
            value={name.value}
            data-testid="name"
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Priority</span>
          <select
            value={priority.value}
            data-testid="priority"
            onChange={(event) => (priority.value = Number(event.currentTarget.value))}
          >
            {PRIORITIES.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={strict.value}
            data-testid="strict"
            onChange={(event) => (strict.value = event.currentTarget.checked)}
          />
          <span>
            Refuse damaged files
            <small>Otherwise what can be read is encoded, with a warning.</small>
          </span>
        </label>
      </div>
    </details>
  );
}
