export type { Document, DocumentWithMetadata, Metadata, MetadataToCheck } from './document.ts'
export type { DocumentList, DocumentStore } from './document-store.ts'
export { type DocumentOptions, type DocumentType, documents } from './document-type.ts'
export type {
  DeletionToMark,
  IntentToPersist,
  PointStatus,
  Resource,
  ResourceList,
  ResourceToMark,
} from './realization.ts'
export type { Operation, RealizationStatus } from './realization-status.ts'
export type { RealizationStore } from './realization-store.ts'
export { type RealizationOptions, type RealizationType, realization } from './realization-type.ts'
