export type { Document, DocumentWithMetadata, Metadata, MetadataToCheck } from './document.ts'
export type { DocumentList, DocumentStore } from './document-store.ts'
export { type DocumentOptions, type DocumentType, documents } from './document-type.ts'
