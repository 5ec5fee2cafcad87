// The wordmark: a film reel whose windows are mill sails. It turns only while something is being milled.

const SAIL = "M16.9 12.6 16.9 4.6C20.6 5 23.4 6.9 24.4 9.2z";

export function Logo({ turning }: { turning: boolean }) {
  return (
    <span class="logo">
      <svg class={turning ? "logo-mark logo-turning" : "logo-mark"} viewBox="0 0 32 32" aria-hidden="true">
        <circle class="logo-reel" cx="16" cy="16" r="15" />
        {[0, 90, 180, 270].map((angle) => (
          <path key={angle} class="logo-sail" d={SAIL} transform={`rotate(${angle} 16 16)`} />
        ))}
        <circle class="logo-sail" cx="16" cy="16" r="2" />
      </svg>
      <span class="logo-word">Reelmill</span>
    </span>
  );
}
