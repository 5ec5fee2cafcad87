// The page's plan: what to make on one side, what is being made on the other. Must hold no logic.
import { Advanced } from "./formats/advanced.tsx";
import { FormatPicker } from "./formats/picker.tsx";
import { JobList } from "./jobs/list.tsx";
import { ConfirmDialog } from "./parts/confirm.tsx";
import { Header, OfflineBanner } from "./parts/header.tsx";
import { Notices } from "./parts/notices.tsx";
import { DropVeil, DropZone } from "./uploads/drop-zone.tsx";
import { UploadList } from "./uploads/list.tsx";
import { WorkersFooter } from "./workers/footer.tsx";

export function App() {
  return (
    <>
      <Header />
      <OfflineBanner />
      <main class="page">
        <section class="composer" aria-label="New video">
          <DropZone />
          <h2 class="section-title">Formats to make</h2>
          <FormatPicker />
          <Advanced />
        </section>
        <div class="work">
          <UploadList />
          <JobList />
        </div>
      </main>
      <WorkersFooter />
      <DropVeil />
      <Notices />
      <ConfirmDialog />
    </>
  );
}
