// Play, download and copy for a published output. Must use the server's addresses as they are.
import type { Output } from "../api/types.ts";
import { Icon } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";
import { bytes, count } from "../text/amounts.ts";
import { copyLink } from "./actions.ts";

interface Props {
  output: Output;
  label: string;
  onPlay: (() => void) | undefined;
}

export function OutputLinks({ output, label, onPlay }: Props) {
  const { url } = output;
  if (output.state !== "published" || !url) return null;
  const files = output.files ?? [];
  return (
    <span class="output-links">
      {onPlay && (
        <button
          type="button"
          class="icon-button"
          data-testid="play-output"
          aria-label={`Play ${label}`}
          title="Play"
          onClick={onPlay}
        >
          <Icon name="play" />
        </button>
      )}
      <button
        type="button"
        class="icon-button"
        data-testid="copy"
        aria-label={`Copy the link to ${label}`}
        title="Copy link"
        onClick={() => void copyLink(url)}
      >
        <Icon name="link" />
      </button>
      {files.length > 1 ? (
        <Menu label={count(files.length, "file")}>
          {files.map((file) => (
            <li key={file.url}>
              <a class="download" href={file.url} download>
                <span>{file.name}</span>
                <span class="numbers">{bytes(file.bytes)}</span>
              </a>
            </li>
          ))}
        </Menu>
      ) : (
        <a class="download" href={url} download data-testid="download" aria-label={`Download ${label} ${bytes(output.bytes)}`}>
          <Icon name="download" />
          <span class="numbers">{bytes(output.bytes)}</span>
        </a>
      )}
    </span>
  );
}
