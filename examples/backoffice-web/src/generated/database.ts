// Made by "tenantry types" from customers 1.4.0, invoices 1.1.0, products 1.0.0, shared 1.0.0.
// Make it anew instead of changing it.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

/** A row of customers@1.customers */
export type CustomersRow = {
  id: string
  title: string
  status: 'lead' | 'active' | 'inactive'
  email_id: string | null
  address_id: string | null
  phone_id: string | null
  /** Exact: 12 digits, 2 of them after the point */
  credit: number
  created_at: string
  updated_at: string
  deleted_at: string | null
  revision: number
}

/** A new row of customers@1.customers */
export type CustomersInsert = {
  id?: string
  title: string
  /** Default: "lead" */
  status?: 'lead' | 'active' | 'inactive'
  email_id?: string | null
  address_id?: string | null
  phone_id?: string | null
  /** Exact: 12 digits, 2 of them after the point. Default: "0" */
  credit?: number | string
  revision?: 1
}

/** A change of rows of customers@1.customers */
export type CustomersUpdate = {
  title?: string
  status?: 'lead' | 'active' | 'inactive'
  email_id?: string | null
  address_id?: string | null
  phone_id?: string | null
  /** Exact: 12 digits, 2 of them after the point */
  credit?: number | string
  /** Null restores a softly deleted row */
  deleted_at?: null
  /** The current revision; another one changes nothing and is a 409 */
  revision?: number
}

/** A row of invoices@1.invoices */
export type InvoicesRow = {
  id: string
  /** Written once: as long as it is null */
  number: string
  customer_id: string
  status: 'draft' | 'sent' | 'paid'
  /** A day, YYYY-MM-DD */
  issued_on: string
  /** A day, YYYY-MM-DD */
  due_on: string
  /** Exact: 14 digits, 2 of them after the point */
  total: number
  note: string | null
  created_at: string
  updated_at: string
  revision: number
}

/** A new row of invoices@1.invoices */
export type InvoicesInsert = {
  id?: string
  number: string
  customer_id: string
  /** Default: "draft" */
  status?: 'draft' | 'sent' | 'paid'
  /** A day, YYYY-MM-DD */
  issued_on?: string
  /** A day, YYYY-MM-DD */
  due_on: string
  /** Exact: 14 digits, 2 of them after the point. Default: "0" */
  total?: number | string
  note?: string | null
  revision?: 1
}

/** A change of rows of invoices@1.invoices */
export type InvoicesUpdate = {
  /** Written once: as long as it is null */
  number?: string
  customer_id?: string
  status?: 'draft' | 'sent' | 'paid'
  /** A day, YYYY-MM-DD */
  issued_on?: string
  /** A day, YYYY-MM-DD */
  due_on?: string
  /** Exact: 14 digits, 2 of them after the point */
  total?: number | string
  note?: string | null
  /** The current revision; another one changes nothing and is a 409 */
  revision?: number
}

/** A row of invoices@1.line_items */
export type LineItemsRow = {
  id: string
  invoice_id: string
  position: number
  product_id: string
  title: string
  quantity: number
  /** Exact: 12 digits, 2 of them after the point */
  unit_price: number
  created_at: string
  updated_at: string
}

/** A new row of invoices@1.line_items */
export type LineItemsInsert = {
  id?: string
  invoice_id: string
  position: number
  product_id: string
  title: string
  quantity: number
  /** Exact: 12 digits, 2 of them after the point */
  unit_price: number | string
}

/** A change of rows of invoices@1.line_items */
export type LineItemsUpdate = {
  invoice_id?: string
  position?: number
  product_id?: string
  title?: string
  quantity?: number
  /** Exact: 12 digits, 2 of them after the point */
  unit_price?: number | string
}

/** A row of products@1.products */
export type ProductsRow = {
  id: string
  sku: string
  title: string
  /** Exact: 12 digits, 2 of them after the point */
  price: number
  stock: number
  tags: string[]
  /** Any JSON */
  details: Json
  active: boolean
  created_at: string
  updated_at: string
}

/** A new row of products@1.products */
export type ProductsInsert = {
  id?: string
  sku: string
  title: string
  /** Exact: 12 digits, 2 of them after the point */
  price: number | string
  /** Default: 0 */
  stock?: number
  /** Default: [] */
  tags?: string[]
  /** Any JSON. Default: {} */
  details?: Json
  /** Default: true */
  active?: boolean
}

/** A change of rows of products@1.products */
export type ProductsUpdate = {
  sku?: string
  title?: string
  /** Exact: 12 digits, 2 of them after the point */
  price?: number | string
  stock?: number
  tags?: string[]
  /** Any JSON */
  details?: Json
  active?: boolean
}

/** A row of shared@1.addresses */
export type AddressesRow = {
  id: string
  street: string
  city: string
  region: string | null
  postal_code: string
  country: string
  created_at: string
  updated_at: string
}

/** A new row of shared@1.addresses */
export type AddressesInsert = {
  id?: string
  street: string
  city: string
  region?: string | null
  postal_code: string
  /** Default: "US" */
  country?: string
}

/** A change of rows of shared@1.addresses */
export type AddressesUpdate = {
  street?: string
  city?: string
  region?: string | null
  postal_code?: string
  country?: string
}

/** A row of shared@1.emails */
export type EmailsRow = {
  id: string
  address: string
  verified: boolean
  created_at: string
  updated_at: string
}

/** A new row of shared@1.emails */
export type EmailsInsert = {
  id?: string
  address: string
  /** Default: false */
  verified?: boolean
}

/** A change of rows of shared@1.emails */
export type EmailsUpdate = {
  address?: string
  verified?: boolean
}

/** A row of shared@1.phones */
export type PhonesRow = {
  id: string
  number: string
  kind: 'landline' | 'mobile' | 'fax'
  created_at: string
  updated_at: string
}

/** A new row of shared@1.phones */
export type PhonesInsert = {
  id?: string
  number: string
  /** Default: "landline" */
  kind?: 'landline' | 'mobile' | 'fax'
}

/** A change of rows of shared@1.phones */
export type PhonesUpdate = {
  number?: string
  kind?: 'landline' | 'mobile' | 'fax'
}

export type Database = {
  __InternalSupabase: {
    PostgrestVersion: '12'
  }
  /** Entities of all modules whose name only one of them has */
  public: {
    Tables: {
      customers: {
        Row: CustomersRow
        Insert: CustomersInsert
        Update: CustomersUpdate
        Relationships: [
          {
            foreignKeyName: 'customers_email_id_fkey'
            columns: ['email_id']
            isOneToOne: true
            referencedRelation: 'emails'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_address_id_fkey'
            columns: ['address_id']
            isOneToOne: false
            referencedRelation: 'addresses'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_phone_id_fkey'
            columns: ['phone_id']
            isOneToOne: false
            referencedRelation: 'phones'
            referencedColumns: ['id']
          },
        ]
      }
      invoices: {
        Row: InvoicesRow
        Insert: InvoicesInsert
        Update: InvoicesUpdate
        Relationships: [
          {
            foreignKeyName: 'invoices_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      line_items: {
        Row: LineItemsRow
        Insert: LineItemsInsert
        Update: LineItemsUpdate
        Relationships: [
          {
            foreignKeyName: 'line_items_invoice_id_fkey'
            columns: ['invoice_id']
            isOneToOne: false
            referencedRelation: 'invoices'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'line_items_product_id_fkey'
            columns: ['product_id']
            isOneToOne: false
            referencedRelation: 'products'
            referencedColumns: ['id']
          },
        ]
      }
      products: {
        Row: ProductsRow
        Insert: ProductsInsert
        Update: ProductsUpdate
        Relationships: []
      }
      addresses: {
        Row: AddressesRow
        Insert: AddressesInsert
        Update: AddressesUpdate
        Relationships: []
      }
      emails: {
        Row: EmailsRow
        Insert: EmailsInsert
        Update: EmailsUpdate
        Relationships: []
      }
      phones: {
        Row: PhonesRow
        Insert: PhonesInsert
        Update: PhonesUpdate
        Relationships: []
      }
    }
    Views: {
      [_ in never]: never
    }
    Functions: {
      /** What a customer has not paid yet, the longest due first */
      open_invoices: {
        Args: {
          customer_id: string
          /** A day, YYYY-MM-DD */
          due_before?: string | null
        }
        Returns: InvoicesRow[]
        SetofOptions: { from: '*'; to: 'invoices'; isOneToOne: false; isSetofReturn: true }
      }
      /** Marks an invoice that was sent as paid */
      pay: {
        Args: {
          invoice_id: string
        }
        Returns: InvoicesRow
        SetofOptions: { from: '*'; to: 'invoices'; isOneToOne: true; isSetofReturn: false }
      }
    }
    Enums: {
      customers_status: 'lead' | 'active' | 'inactive'
      invoices_status: 'draft' | 'sent' | 'paid'
      phones_kind: 'landline' | 'mobile' | 'fax'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The highest major: customers@1 */
  customers: {
    Tables: {
      customers: {
        Row: CustomersRow
        Insert: CustomersInsert
        Update: CustomersUpdate
        Relationships: [
          {
            foreignKeyName: 'customers_email_id_fkey'
            columns: ['email_id']
            isOneToOne: true
            referencedRelation: 'emails'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_address_id_fkey'
            columns: ['address_id']
            isOneToOne: false
            referencedRelation: 'addresses'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_phone_id_fkey'
            columns: ['phone_id']
            isOneToOne: false
            referencedRelation: 'phones'
            referencedColumns: ['id']
          },
        ]
      }
    }
    Views: {
      invoices: {
        Row: InvoicesRow
        Relationships: [
          {
            foreignKeyName: 'invoices_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      line_items: {
        Row: LineItemsRow
        Relationships: [
          {
            foreignKeyName: 'line_items_invoice_id_fkey'
            columns: ['invoice_id']
            isOneToOne: false
            referencedRelation: 'invoices'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'line_items_product_id_fkey'
            columns: ['product_id']
            isOneToOne: false
            referencedRelation: 'products'
            referencedColumns: ['id']
          },
        ]
      }
      products: {
        Row: ProductsRow
        Relationships: []
      }
      addresses: {
        Row: AddressesRow
        Relationships: []
      }
      emails: {
        Row: EmailsRow
        Relationships: []
      }
      phones: {
        Row: PhonesRow
        Relationships: []
      }
    }
    Functions: {
      [_ in never]: never
    }
    Enums: {
      customers_status: 'lead' | 'active' | 'inactive'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The highest major: invoices@1 */
  invoices: {
    Tables: {
      invoices: {
        Row: InvoicesRow
        Insert: InvoicesInsert
        Update: InvoicesUpdate
        Relationships: [
          {
            foreignKeyName: 'invoices_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      line_items: {
        Row: LineItemsRow
        Insert: LineItemsInsert
        Update: LineItemsUpdate
        Relationships: [
          {
            foreignKeyName: 'line_items_invoice_id_fkey'
            columns: ['invoice_id']
            isOneToOne: false
            referencedRelation: 'invoices'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'line_items_product_id_fkey'
            columns: ['product_id']
            isOneToOne: false
            referencedRelation: 'products'
            referencedColumns: ['id']
          },
        ]
      }
    }
    Views: {
      customers: {
        Row: CustomersRow
        Relationships: [
          {
            foreignKeyName: 'customers_email_id_fkey'
            columns: ['email_id']
            isOneToOne: true
            referencedRelation: 'emails'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_address_id_fkey'
            columns: ['address_id']
            isOneToOne: false
            referencedRelation: 'addresses'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_phone_id_fkey'
            columns: ['phone_id']
            isOneToOne: false
            referencedRelation: 'phones'
            referencedColumns: ['id']
          },
        ]
      }
      products: {
        Row: ProductsRow
        Relationships: []
      }
      addresses: {
        Row: AddressesRow
        Relationships: []
      }
      emails: {
        Row: EmailsRow
        Relationships: []
      }
      phones: {
        Row: PhonesRow
        Relationships: []
      }
    }
    Functions: {
      /** What a customer has not paid yet, the longest due first */
      open_invoices: {
        Args: {
          customer_id: string
          /** A day, YYYY-MM-DD */
          due_before?: string | null
        }
        Returns: InvoicesRow[]
        SetofOptions: { from: '*'; to: 'invoices'; isOneToOne: false; isSetofReturn: true }
      }
      /** Marks an invoice that was sent as paid */
      pay: {
        Args: {
          invoice_id: string
        }
        Returns: InvoicesRow
        SetofOptions: { from: '*'; to: 'invoices'; isOneToOne: true; isSetofReturn: false }
      }
    }
    Enums: {
      invoices_status: 'draft' | 'sent' | 'paid'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The highest major: products@1 */
  products: {
    Tables: {
      products: {
        Row: ProductsRow
        Insert: ProductsInsert
        Update: ProductsUpdate
        Relationships: []
      }
    }
    Views: {
      customers: {
        Row: CustomersRow
        Relationships: [
          {
            foreignKeyName: 'customers_email_id_fkey'
            columns: ['email_id']
            isOneToOne: true
            referencedRelation: 'emails'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_address_id_fkey'
            columns: ['address_id']
            isOneToOne: false
            referencedRelation: 'addresses'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_phone_id_fkey'
            columns: ['phone_id']
            isOneToOne: false
            referencedRelation: 'phones'
            referencedColumns: ['id']
          },
        ]
      }
      invoices: {
        Row: InvoicesRow
        Relationships: [
          {
            foreignKeyName: 'invoices_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      line_items: {
        Row: LineItemsRow
        Relationships: [
          {
            foreignKeyName: 'line_items_invoice_id_fkey'
            columns: ['invoice_id']
            isOneToOne: false
            referencedRelation: 'invoices'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'line_items_product_id_fkey'
            columns: ['product_id']
            isOneToOne: false
            referencedRelation: 'products'
            referencedColumns: ['id']
          },
        ]
      }
      addresses: {
        Row: AddressesRow
        Relationships: []
      }
      emails: {
        Row: EmailsRow
        Relationships: []
      }
      phones: {
        Row: PhonesRow
        Relationships: []
      }
    }
    Functions: {
      [_ in never]: never
    }
    Enums: {
      [_ in never]: never
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The highest major: shared@1 */
  shared: {
    Tables: {
      addresses: {
        Row: AddressesRow
        Insert: AddressesInsert
        Update: AddressesUpdate
        Relationships: []
      }
      emails: {
        Row: EmailsRow
        Insert: EmailsInsert
        Update: EmailsUpdate
        Relationships: []
      }
      phones: {
        Row: PhonesRow
        Insert: PhonesInsert
        Update: PhonesUpdate
        Relationships: []
      }
    }
    Views: {
      customers: {
        Row: CustomersRow
        Relationships: [
          {
            foreignKeyName: 'customers_email_id_fkey'
            columns: ['email_id']
            isOneToOne: true
            referencedRelation: 'emails'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_address_id_fkey'
            columns: ['address_id']
            isOneToOne: false
            referencedRelation: 'addresses'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_phone_id_fkey'
            columns: ['phone_id']
            isOneToOne: false
            referencedRelation: 'phones'
            referencedColumns: ['id']
          },
        ]
      }
      invoices: {
        Row: InvoicesRow
        Relationships: [
          {
            foreignKeyName: 'invoices_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      line_items: {
        Row: LineItemsRow
        Relationships: [
          {
            foreignKeyName: 'line_items_invoice_id_fkey'
            columns: ['invoice_id']
            isOneToOne: false
            referencedRelation: 'invoices'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'line_items_product_id_fkey'
            columns: ['product_id']
            isOneToOne: false
            referencedRelation: 'products'
            referencedColumns: ['id']
          },
        ]
      }
      products: {
        Row: ProductsRow
        Relationships: []
      }
    }
    Functions: {
      [_ in never]: never
    }
    Enums: {
      phones_kind: 'landline' | 'mobile' | 'fax'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The module customers@1 */
  'customers@1': {
    Tables: {
      customers: {
        Row: CustomersRow
        Insert: CustomersInsert
        Update: CustomersUpdate
        Relationships: [
          {
            foreignKeyName: 'customers_email_id_fkey'
            columns: ['email_id']
            isOneToOne: true
            referencedRelation: 'emails'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_address_id_fkey'
            columns: ['address_id']
            isOneToOne: false
            referencedRelation: 'addresses'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_phone_id_fkey'
            columns: ['phone_id']
            isOneToOne: false
            referencedRelation: 'phones'
            referencedColumns: ['id']
          },
        ]
      }
    }
    Views: {
      invoices: {
        Row: InvoicesRow
        Relationships: [
          {
            foreignKeyName: 'invoices_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      line_items: {
        Row: LineItemsRow
        Relationships: [
          {
            foreignKeyName: 'line_items_invoice_id_fkey'
            columns: ['invoice_id']
            isOneToOne: false
            referencedRelation: 'invoices'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'line_items_product_id_fkey'
            columns: ['product_id']
            isOneToOne: false
            referencedRelation: 'products'
            referencedColumns: ['id']
          },
        ]
      }
      products: {
        Row: ProductsRow
        Relationships: []
      }
      addresses: {
        Row: AddressesRow
        Relationships: []
      }
      emails: {
        Row: EmailsRow
        Relationships: []
      }
      phones: {
        Row: PhonesRow
        Relationships: []
      }
    }
    Functions: {
      [_ in never]: never
    }
    Enums: {
      customers_status: 'lead' | 'active' | 'inactive'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The module invoices@1 */
  'invoices@1': {
    Tables: {
      invoices: {
        Row: InvoicesRow
        Insert: InvoicesInsert
        Update: InvoicesUpdate
        Relationships: [
          {
            foreignKeyName: 'invoices_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      line_items: {
        Row: LineItemsRow
        Insert: LineItemsInsert
        Update: LineItemsUpdate
        Relationships: [
          {
            foreignKeyName: 'line_items_invoice_id_fkey'
            columns: ['invoice_id']
            isOneToOne: false
            referencedRelation: 'invoices'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'line_items_product_id_fkey'
            columns: ['product_id']
            isOneToOne: false
            referencedRelation: 'products'
            referencedColumns: ['id']
          },
        ]
      }
    }
    Views: {
      customers: {
        Row: CustomersRow
        Relationships: [
          {
            foreignKeyName: 'customers_email_id_fkey'
            columns: ['email_id']
            isOneToOne: true
            referencedRelation: 'emails'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_address_id_fkey'
            columns: ['address_id']
            isOneToOne: false
            referencedRelation: 'addresses'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_phone_id_fkey'
            columns: ['phone_id']
            isOneToOne: false
            referencedRelation: 'phones'
            referencedColumns: ['id']
          },
        ]
      }
      products: {
        Row: ProductsRow
        Relationships: []
      }
      addresses: {
        Row: AddressesRow
        Relationships: []
      }
      emails: {
        Row: EmailsRow
        Relationships: []
      }
      phones: {
        Row: PhonesRow
        Relationships: []
      }
    }
    Functions: {
      /** What a customer has not paid yet, the longest due first */
      open_invoices: {
        Args: {
          customer_id: string
          /** A day, YYYY-MM-DD */
          due_before?: string | null
        }
        Returns: InvoicesRow[]
        SetofOptions: { from: '*'; to: 'invoices'; isOneToOne: false; isSetofReturn: true }
      }
      /** Marks an invoice that was sent as paid */
      pay: {
        Args: {
          invoice_id: string
        }
        Returns: InvoicesRow
        SetofOptions: { from: '*'; to: 'invoices'; isOneToOne: true; isSetofReturn: false }
      }
    }
    Enums: {
      invoices_status: 'draft' | 'sent' | 'paid'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The module products@1 */
  'products@1': {
    Tables: {
      products: {
        Row: ProductsRow
        Insert: ProductsInsert
        Update: ProductsUpdate
        Relationships: []
      }
    }
    Views: {
      customers: {
        Row: CustomersRow
        Relationships: [
          {
            foreignKeyName: 'customers_email_id_fkey'
            columns: ['email_id']
            isOneToOne: true
            referencedRelation: 'emails'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_address_id_fkey'
            columns: ['address_id']
            isOneToOne: false
            referencedRelation: 'addresses'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_phone_id_fkey'
            columns: ['phone_id']
            isOneToOne: false
            referencedRelation: 'phones'
            referencedColumns: ['id']
          },
        ]
      }
      invoices: {
        Row: InvoicesRow
        Relationships: [
          {
            foreignKeyName: 'invoices_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      line_items: {
        Row: LineItemsRow
        Relationships: [
          {
            foreignKeyName: 'line_items_invoice_id_fkey'
            columns: ['invoice_id']
            isOneToOne: false
            referencedRelation: 'invoices'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'line_items_product_id_fkey'
            columns: ['product_id']
            isOneToOne: false
            referencedRelation: 'products'
            referencedColumns: ['id']
          },
        ]
      }
      addresses: {
        Row: AddressesRow
        Relationships: []
      }
      emails: {
        Row: EmailsRow
        Relationships: []
      }
      phones: {
        Row: PhonesRow
        Relationships: []
      }
    }
    Functions: {
      [_ in never]: never
    }
    Enums: {
      [_ in never]: never
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The module shared@1 */
  'shared@1': {
    Tables: {
      addresses: {
        Row: AddressesRow
        Insert: AddressesInsert
        Update: AddressesUpdate
        Relationships: []
      }
      emails: {
        Row: EmailsRow
        Insert: EmailsInsert
        Update: EmailsUpdate
        Relationships: []
      }
      phones: {
        Row: PhonesRow
        Insert: PhonesInsert
        Update: PhonesUpdate
        Relationships: []
      }
    }
    Views: {
      customers: {
        Row: CustomersRow
        Relationships: [
          {
            foreignKeyName: 'customers_email_id_fkey'
            columns: ['email_id']
            isOneToOne: true
            referencedRelation: 'emails'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_address_id_fkey'
            columns: ['address_id']
            isOneToOne: false
            referencedRelation: 'addresses'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_phone_id_fkey'
            columns: ['phone_id']
            isOneToOne: false
            referencedRelation: 'phones'
            referencedColumns: ['id']
          },
        ]
      }
      invoices: {
        Row: InvoicesRow
        Relationships: [
          {
            foreignKeyName: 'invoices_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      line_items: {
        Row: LineItemsRow
        Relationships: [
          {
            foreignKeyName: 'line_items_invoice_id_fkey'
            columns: ['invoice_id']
            isOneToOne: false
            referencedRelation: 'invoices'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'line_items_product_id_fkey'
            columns: ['product_id']
            isOneToOne: false
            referencedRelation: 'products'
            referencedColumns: ['id']
          },
        ]
      }
      products: {
        Row: ProductsRow
        Relationships: []
      }
    }
    Functions: {
      [_ in never]: never
    }
    Enums: {
      phones_kind: 'landline' | 'mobile' | 'fax'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The highest major: storefront@1 */
  storefront: {
    Tables: {
      [_ in never]: never
    }
    Views: {
      products: {
        Row: ProductsRow
        Relationships: []
      }
      customers: {
        Row: CustomersRow
        Relationships: []
      }
    }
    Functions: {
      /** What a customer has not paid yet, the longest due first */
      open_invoices: {
        Args: {
          customer_id: string
          /** A day, YYYY-MM-DD */
          due_before?: string | null
        }
        Returns: InvoicesRow[]
      }
      /** Marks an invoice that was sent as paid */
      pay: {
        Args: {
          invoice_id: string
        }
        Returns: InvoicesRow
      }
    }
    Enums: {
      customers_status: 'lead' | 'active' | 'inactive'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The composed API storefront@1 */
  'storefront@1': {
    Tables: {
      [_ in never]: never
    }
    Views: {
      products: {
        Row: ProductsRow
        Relationships: []
      }
      customers: {
        Row: CustomersRow
        Relationships: []
      }
    }
    Functions: {
      /** What a customer has not paid yet, the longest due first */
      open_invoices: {
        Args: {
          customer_id: string
          /** A day, YYYY-MM-DD */
          due_before?: string | null
        }
        Returns: InvoicesRow[]
      }
      /** Marks an invoice that was sent as paid */
      pay: {
        Args: {
          invoice_id: string
        }
        Returns: InvoicesRow
      }
    }
    Enums: {
      customers_status: 'lead' | 'active' | 'inactive'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
}

type SchemaName = Exclude<keyof Database, '__InternalSupabase'>
type TableName = keyof Database['public']['Tables']
type TableNameIn<Where> = Where extends { schema: infer Schema extends SchemaName }
  ? keyof Database[Schema]['Tables']
  : never
type Table<Where, Name> = Where extends { schema: infer Schema extends SchemaName }
  ? Name extends keyof Database[Schema]['Tables']
    ? Database[Schema]['Tables'][Name]
    : never
  : Where extends TableName
    ? Database['public']['Tables'][Where]
    : never

/** `Tables<'customers'>`, or `Tables<{ schema: 'customers@1' }, 'customers'>`. */
export type Tables<Where extends TableName | { schema: SchemaName }, Name extends TableNameIn<Where> = never> =
  Table<Where, Name> extends { Row: infer Row } ? Row : never

export type TablesInsert<Where extends TableName | { schema: SchemaName }, Name extends TableNameIn<Where> = never> =
  Table<Where, Name> extends { Insert: infer Insert } ? Insert : never

export type TablesUpdate<Where extends TableName | { schema: SchemaName }, Name extends TableNameIn<Where> = never> =
  Table<Where, Name> extends { Update: infer Update } ? Update : never

type EnumName = keyof Database['public']['Enums']
type EnumNameIn<Where> = Where extends { schema: infer Schema extends SchemaName }
  ? keyof Database[Schema]['Enums']
  : never

/** `Enums<'customers_status'>`: the values of a field. */
export type Enums<
  Where extends EnumName | { schema: SchemaName },
  Name extends EnumNameIn<Where> = never,
> = Where extends { schema: infer Schema extends SchemaName }
  ? Name extends keyof Database[Schema]['Enums']
    ? Database[Schema]['Enums'][Name]
    : never
  : Where extends EnumName
    ? Database['public']['Enums'][Where]
    : never
