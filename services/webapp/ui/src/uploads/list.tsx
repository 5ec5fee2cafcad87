// The uploads that are not jobs yet. Must show for each what happens and what the user can do about it.
import { uploads } from "./queue.ts";
import { UploadRow } from "./row.tsx";

export function UploadList() {
  const items = uploads.value;
  if (items.length === 0) return null;
  return (
    <section class="uploads" aria-labelledby="uploads-title">
      <h2 id="uploads-title" class="section-title">
        Uploading
      </h2>
      <ul class="plain-list upload-list">
        {items.map((item) => (
          <UploadRow key={item.record.key} item={item} />
        ))}
      </ul>
    </section>
  );
}
