// The page's head: the mark, the theme switch, and the banner while the server is away.
import { effect } from "@preact/signals";
import { busyJobs } from "../jobs/store.ts";
import { connection } from "../live/events.ts";
import { percent } from "../text/amounts.ts";
import { Icon } from "./icon.tsx";
import { Logo } from "./logo.tsx";
import { flipTheme, theme } from "./theme.ts";

export function Header() {
  const busy = busyJobs.value;
  const other = theme() === "dark" ? "light" : "dark";
  return (
    <header class="header">
      <h1 class="header-name">
        <Logo turning={busy.some((job) => job.state === "encoding")} />
      </h1>
      <span class="header-busy numbers">{busy.length > 0 ? `${busy.length} running` : ""}</span>
      <button
        type="button"
        class="icon-button"
        data-testid="theme"
        aria-label={`Use the ${other} theme`}
        title={`Use the ${other} theme`}
        onClick={flipTheme}
      >
        <Icon name={theme() === "dark" ? "sun" : "moon"} />
      </button>
    </header>
  );
}

export function OfflineBanner() {
  return (
    <div role="status" class="banner-place">
      {connection.value === "lost" && (
        <p class="banner" data-testid="offline">
          The server can't be reached. Nothing is lost: the page catches up by itself when it is back.
        </p>
      )}
    </div>
  );
}

/** The tab's title tells how far things are, for who looks at another tab meanwhile. */
export function watchTitle(): void {
  effect(() => {
    const busy = busyJobs.value;
    const mean = busy.reduce((sum, job) => sum + (job.progress ?? 0), 0) / busy.length;
    document.title = busy.length > 0 ? `${percent(mean)} % · Reelmill` : "Reelmill";
  });
}
