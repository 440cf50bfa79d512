/**
 * Documents as bytes, and a fair share of them when all are too many: pieces spread evenly over the whole list, so that
 * a corpus sorted by source or year is not judged by its last source or year alone.
 */

/** One document's UTF-8 bytes, or several documents'. */
export type DocumentBytes = Uint8Array | readonly Uint8Array[]

/** Longest piece a document is cut into when only a share of the documents is taken. */
const PIECE_BYTES = 65_536

/** The documents as a list, the empty ones left out. */
export function documentList(documents: DocumentBytes): Uint8Array[] {
  const list = documents instanceof Uint8Array ? [documents] : documents
  return list.filter((document) => document.length > 0)
}

/** Bytes in all the documents together. */
export function countBytes(documents: readonly Uint8Array[]): number {
  return documents.reduce((sum, document) => sum + document.length, 0)
}

/** The documents one after another. */
export function joinDocuments(documents: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(countBytes(documents))
  let offset = 0
  for (const document of documents) {
    joined.set(document, offset)
    offset += document.length
  }
  return joined
}

/**
 * At most `maximumBytes` of the documents: all of them when they fit, otherwise pieces of at most 64 KiB taken evenly
 * over the list, in order.
 */
export function sampleDocuments(documents: readonly Uint8Array[], maximumBytes: number): Uint8Array[] {
  const totalBytes = countBytes(documents)
  if (totalBytes <= maximumBytes) return [...documents]
  const share = maximumBytes / totalBytes
  const pieceBytes = Math.max(1, Math.min(PIECE_BYTES, Math.floor(maximumBytes / 8)))
  const pieces: Uint8Array[] = []
  let allowance = 0
  let takenBytes = 0
  for (const document of documents) {
    for (let start = 0; start < document.length; start += pieceBytes) {
      const piece = document.subarray(start, start + pieceBytes)
      allowance += piece.length * share
      if (allowance < piece.length / 2) continue
      allowance -= piece.length
      const room = maximumBytes - takenBytes
      if (room <= 0) return pieces
      pieces.push(piece.subarray(0, room))
      takenBytes += Math.min(piece.length, room)
    }
  }
  return pieces
}
