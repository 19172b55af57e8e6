// Made by "npm run generate". Make it anew instead of changing it.

/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type InvoiceStatus =
  | 'draft'
  | 'sent'
  | 'paid';

export type PayMutationVariables = Exact<{
  invoiceId: string;
}>;


export type PayMutation = { pay: { number: string, status: InvoiceStatus } };

export type UnpaidInvoicesQueryVariables = Exact<{
  most: number;
}>;


export type UnpaidInvoicesQuery = { invoices: Array<{ id: string, number: string, dueOn: string, total: string, customer: { title: string } | null, lineItems: Array<{ quantity: number, title: string }> }> };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const PayDocument = new TypedDocumentString(`
    mutation Pay($invoiceId: UUID!) {
  pay(invoiceId: $invoiceId) {
    number
    status
  }
}
    `) as unknown as TypedDocumentString<PayMutation, PayMutationVariables>;
export const UnpaidInvoicesDocument = new TypedDocumentString(`
    query UnpaidInvoices($most: Int!) {
  invoices(
    where: {status: {eq: sent}}
    orderBy: [{field: dueOn}, {field: number}]
    limit: $most
  ) {
    id
    number
    dueOn
    total
    customer {
      title
    }
    lineItems(orderBy: [{field: position}]) {
      quantity
      title
    }
  }
}
    `) as unknown as TypedDocumentString<UnpaidInvoicesQuery, UnpaidInvoicesQueryVariables>;