// The list of jobs with its empty, loading and error states. Must never show an empty list as an error, or the reverse.
import { loadJobs, loadMore } from "../live/list.ts";
import { uploads } from "../uploads/queue.ts";
import { JobCard } from "./card.tsx";
import { job, loadError, loading, nextCursor, order } from "./store.ts";

export function JobList() {
  const ids = order.value;
  return (
    <section class="jobs" aria-labelledby="jobs-title" aria-busy={loading.value !== null}>
      <h2 id="jobs-title" class="section-title" tabIndex={-1}>
        Jobs
      </h2>
      {loadError.value !== null && (
        <p class="hint hint-bad" role="alert" data-testid="load-error">
          The jobs could not be loaded. {loadError}{" "}
          <button type="button" class="link-button" onClick={() => void loadJobs()}>
            Try again
          </button>
        </p>
      )}
      {ids.length === 0 && <Nothing />}
      <ul class="plain-list job-list">
        {ids.map((id) => {
          const known = job(id);
          return known && <JobCard key={id} job={known} />;
        })}
      </ul>
      {nextCursor.value !== null && (
        <button
          type="button"
          class="button load-more"
          data-testid="more"
          disabled={loading.value === "more"}
          onClick={() => void loadMore()}
        >
          {loading.value === "more" ? "Loading…" : "Show older jobs"}
        </button>
      )}
    </section>
  );
}

function Nothing() {
  if (loading.value === "first") {
    return (
      <div class="skeletons" aria-label="Loading">
        <div class="skeleton" />
        <div class="skeleton" />
      </div>
    );
  }
  if (loadError.value !== null || uploads.value.length > 0) return null;
  return (
    <div class="empty" data-testid="empty">
      <svg class="empty-art" viewBox="0 0 160 72" aria-hidden="true">
        <rect x="2" y="18" width="56" height="36" rx="5" />
        <path d="M2 27h56M2 45h56M14 18v9m12-9v9m12-9v9m12-9v9M14 45v9m12-9v9m12-9v9m12-9v9" />
        <path class="empty-arrow" d="M70 36h18m-6-6 6 6-6 6" />
        <rect x="102" y="6" width="56" height="16" rx="4" />
        <rect x="102" y="28" width="56" height="16" rx="4" />
        <rect x="102" y="50" width="56" height="16" rx="4" />
      </svg>
      <p class="empty-title">Nothing milled yet</p>
      <p>Drop a video: it is uploaded, encoded into every format you chose, checked, and ready here.</p>
    </div>
  );
}
