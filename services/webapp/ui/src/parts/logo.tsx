// The wordmark: a film reel whose windows are mill sails. It turns only while something is being milled.

const SAIL = "M16.4 12.9a8 8 0 0 1 1.2-8.2 11.6 11.6 0 0 1 6.8 3.5 9 9 0 0 1-8 4.7z";

export function Logo({ turning }: { turning: boolean }) {
  return (
    <span class="logo">
      <svg class={turning ? "logo-mark logo-turning" : "logo-mark"} viewBox="0 0 32 32" aria-hidden="true">
        <circle class="logo-reel" cx="16" cy="16" r="15" />
        {[0, 90, 180, 270].map((angle) => (
          <path key={angle} class="logo-sail" d={SAIL} transform={`rotate(${angle} 16 16)`} />
        ))}
        <circle class="logo-sail" cx="16" cy="16" r="1.4" />
      </svg>
      <span class="logo-word">Reelmill</span>
    </span>
  );
}
