// The formats to choose from, by kind. Must never hide a preset: one that can't be had says why.
import type { Preset } from "../api/types.ts";
import { Icon } from "../parts/icon.tsx";
import { chosen, loadPresets, presets, presetsError, toggle } from "./presets.ts";

const KINDS = [
  ["video", "Video"],
  ["audio", "Audio only"],
  ["images", "Pictures"],
] as const;

export function FormatPicker() {
  if (presetsError.value !== null && presets.value.length === 0) {
    return (
      <p class="hint hint-bad" role="alert">
        The formats could not be loaded. {presetsError}{" "}
        <button type="button" class="link-button" onClick={() => void loadPresets()}>
          Try again
        </button>
      </p>
    );
  }
  return (
    <div class="formats">
      {KINDS.map(([kind, title]) => {
        const items = presets.value.filter((preset) => preset.kind === kind);
        if (items.length === 0) return null;
        return (
          <fieldset key={kind} class="format-group">
            <legend>{title}</legend>
            <div class="chips">
              {items.map((preset) => (
                <Chip key={preset.name} preset={preset} />
              ))}
            </div>
          </fieldset>
        );
      })}
      <Unavailable />
    </div>
  );
}

function Chip({ preset }: { preset: Preset }) {
  return (
    <label class={preset.available ? "chip" : "chip chip-off"} title={preset.description}>
      <input
        type="checkbox"
        class="chip-box"
        data-testid={`preset-${preset.name}`}
        checked={chosen.value.includes(preset.name)}
        disabled={!preset.available}
        onChange={() => toggle(preset.name)}
      />
      <span class="chip-mark">
        <Icon name="check" />
      </span>
      <span class="chip-label">{preset.label || preset.name}</span>
    </label>
  );
}

/** In sight, not in a tooltip: phones and keyboards have no hover. */
function Unavailable() {
  const off = presets.value.filter((preset) => !preset.available);
  if (off.length === 0) return null;
  return (
    <ul class="format-reasons">
      {off.map((preset) => (
        <li key={preset.name}>
          <b>{preset.label || preset.name}</b>: {preset.unavailable_reason ?? "no worker can make it right now"}
        </li>
      ))}
    </ul>
  );
}
