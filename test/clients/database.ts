// Made by "tenantry types" from club 1.0.0, crm 1.2.0, directory 1.0.0.
// Make it anew instead of changing it.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

/** A row of club@1.users */
export type ClubV1UsersRow = {
  id: string
  nickname: string
  created_at: string
  updated_at: string
}

/** A new row of club@1.users */
export type ClubV1UsersInsert = {
  id?: string
  nickname: string
}

/** A change of rows of club@1.users */
export type ClubV1UsersUpdate = {
  nickname?: string
}

/** A row of crm@1.customers */
export type CustomersRow = {
  id: string
  title: string
  email: string
  status: 'lead' | 'active' | 'inactive'
  city_id: string | null
  referrer_id: string | null
  age: number | null
  /** 64 bits: JavaScript keeps 53 of them */
  visits: number
  /** Exact: 12 digits, 2 of them after the point */
  credit: number
  active: boolean
  seen_at: string | null
  /** A day, YYYY-MM-DD */
  born_on: string | null
  tags: string[]
  /** Any JSON */
  details: Json
  photo: string | null
  /** A range of date: [from,to), (from,to], or empty */
  stay: string | null
  /** The words of title, for full text search */
  words: string
  created_at: string
  updated_at: string
  deleted_at: string | null
  revision: number
}

/** A new row of crm@1.customers */
export type CustomersInsert = {
  id?: string
  title: string
  email: string
  /** Default: "lead" */
  status?: 'lead' | 'active' | 'inactive'
  city_id?: string | null
  referrer_id?: string | null
  age?: number | null
  /** 64 bits: JavaScript keeps 53 of them. Default: 0 */
  visits?: number | string
  /** Exact: 12 digits, 2 of them after the point. Default: "0" */
  credit?: number | string
  /** Default: true */
  active?: boolean
  seen_at?: string | null
  /** A day, YYYY-MM-DD */
  born_on?: string | null
  /** Default: [] */
  tags?: string[]
  /** Any JSON. Default: {} */
  details?: Json
  photo?: string | null
  /** A range of date: [from,to), (from,to], or empty */
  stay?: string | null
  revision?: 1
}

/** A change of rows of crm@1.customers */
export type CustomersUpdate = {
  title?: string
  email?: string
  status?: 'lead' | 'active' | 'inactive'
  city_id?: string | null
  referrer_id?: string | null
  age?: number | null
  /** 64 bits: JavaScript keeps 53 of them */
  visits?: number | string
  /** Exact: 12 digits, 2 of them after the point */
  credit?: number | string
  active?: boolean
  seen_at?: string | null
  /** A day, YYYY-MM-DD */
  born_on?: string | null
  tags?: string[]
  /** Any JSON */
  details?: Json
  photo?: string | null
  /** A range of date: [from,to), (from,to], or empty */
  stay?: string | null
  /** Null restores a softly deleted row */
  deleted_at?: null
  /** The current revision; another one changes nothing and is a 409 */
  revision?: number
}

/** A row of crm@1.profiles */
export type ProfilesRow = {
  id: string
  customer_id: string
  motto: string
  created_at: string
  updated_at: string
}

/** A new row of crm@1.profiles */
export type ProfilesInsert = {
  id?: string
  customer_id: string
  motto: string
}

/** A change of rows of crm@1.profiles */
export type ProfilesUpdate = {
  customer_id?: string
  motto?: string
}

/** A row of crm@1.orders */
export type OrdersRow = {
  id: string
  customer_id: string
  place: number
  /** Exact: 12 digits, 2 of them after the point */
  total: number
  created_at: string
  updated_at: string
}

/** A new row of crm@1.orders */
export type OrdersInsert = {
  id?: string
  customer_id: string
  place: number
  /** Exact: 12 digits, 2 of them after the point */
  total: number | string
}

/** A change of rows of crm@1.orders */
export type OrdersUpdate = {
  customer_id?: string
  place?: number
  /** Exact: 12 digits, 2 of them after the point */
  total?: number | string
}

/** A row of crm@1.users */
export type CrmV1UsersRow = {
  username: string
  title: string
  created_at: string
  updated_at: string
}

/** A new row of crm@1.users */
export type CrmV1UsersInsert = {
  username: string
  title: string
}

/** A change of rows of crm@1.users */
export type CrmV1UsersUpdate = {
  title?: string
}

/** A row of directory@1.cities */
export type CitiesRow = {
  id: string
  name: string
  country: string
  created_at: string
  updated_at: string
}

/** A new row of directory@1.cities */
export type CitiesInsert = {
  id?: string
  name: string
  /** Default: "DE" */
  country?: string
}

/** A change of rows of directory@1.cities */
export type CitiesUpdate = {
  name?: string
  country?: string
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
            foreignKeyName: 'customers_city_id_fkey'
            columns: ['city_id']
            isOneToOne: false
            referencedRelation: 'cities'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_referrer_id_fkey'
            columns: ['referrer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      profiles: {
        Row: ProfilesRow
        Insert: ProfilesInsert
        Update: ProfilesUpdate
        Relationships: [
          {
            foreignKeyName: 'profiles_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: true
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      orders: {
        Row: OrdersRow
        Insert: OrdersInsert
        Update: OrdersUpdate
        Relationships: [
          {
            foreignKeyName: 'orders_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      cities: {
        Row: CitiesRow
        Insert: CitiesInsert
        Update: CitiesUpdate
        Relationships: []
      }
    }
    Views: {
      [_ in never]: never
    }
    Functions: {
      /** Customers who live in a city */
      customers_in: {
        Args: {
          city: string
          /** Default: 0 */
          least_age?: number
        }
        Returns: CustomersRow[]
        SetofOptions: { from: '*'; to: 'customers'; isOneToOne: false; isSetofReturn: true }
      }
      credit_of: {
        Args: {
          statuses?: ('lead' | 'active' | 'inactive')[] | null
        }
        Returns: number
      }
      spending: {
        Args: never
        Returns: {
          title: string
          /** 64 bits: JavaScript keeps 53 of them */
          orders: number
          /** Exact: 14 digits, 2 of them after the point */
          total: number
        }[]
      }
      promote: {
        Args: {
          customer: string
        }
        Returns: CustomersRow
        SetofOptions: { from: '*'; to: 'customers'; isOneToOne: true; isSetofReturn: false }
      }
      visit: {
        Args: {
          customer: string
        }
        Returns: undefined
      }
    }
    Enums: {
      customers_status: 'lead' | 'active' | 'inactive'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The highest major: club@1 */
  club: {
    Tables: {
      users: {
        Row: ClubV1UsersRow
        Insert: ClubV1UsersInsert
        Update: ClubV1UsersUpdate
        Relationships: []
      }
    }
    Views: {
      [_ in never]: never
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
  /** The highest major: crm@1 */
  crm: {
    Tables: {
      customers: {
        Row: CustomersRow
        Insert: CustomersInsert
        Update: CustomersUpdate
        Relationships: [
          {
            foreignKeyName: 'customers_city_id_fkey'
            columns: ['city_id']
            isOneToOne: false
            referencedRelation: 'cities'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_referrer_id_fkey'
            columns: ['referrer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      profiles: {
        Row: ProfilesRow
        Insert: ProfilesInsert
        Update: ProfilesUpdate
        Relationships: [
          {
            foreignKeyName: 'profiles_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: true
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      orders: {
        Row: OrdersRow
        Insert: OrdersInsert
        Update: OrdersUpdate
        Relationships: [
          {
            foreignKeyName: 'orders_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      users: {
        Row: CrmV1UsersRow
        Insert: CrmV1UsersInsert
        Update: CrmV1UsersUpdate
        Relationships: []
      }
    }
    Views: {
      cities: {
        Row: CitiesRow
        Relationships: []
      }
    }
    Functions: {
      /** Customers who live in a city */
      customers_in: {
        Args: {
          city: string
          /** Default: 0 */
          least_age?: number
        }
        Returns: CustomersRow[]
        SetofOptions: { from: '*'; to: 'customers'; isOneToOne: false; isSetofReturn: true }
      }
      credit_of: {
        Args: {
          statuses?: ('lead' | 'active' | 'inactive')[] | null
        }
        Returns: number
      }
      spending: {
        Args: never
        Returns: {
          title: string
          /** 64 bits: JavaScript keeps 53 of them */
          orders: number
          /** Exact: 14 digits, 2 of them after the point */
          total: number
        }[]
      }
      promote: {
        Args: {
          customer: string
        }
        Returns: CustomersRow
        SetofOptions: { from: '*'; to: 'customers'; isOneToOne: true; isSetofReturn: false }
      }
      visit: {
        Args: {
          customer: string
        }
        Returns: undefined
      }
    }
    Enums: {
      customers_status: 'lead' | 'active' | 'inactive'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The highest major: directory@1 */
  directory: {
    Tables: {
      cities: {
        Row: CitiesRow
        Insert: CitiesInsert
        Update: CitiesUpdate
        Relationships: []
      }
    }
    Views: {
      customers: {
        Row: CustomersRow
        Relationships: [
          {
            foreignKeyName: 'customers_city_id_fkey'
            columns: ['city_id']
            isOneToOne: false
            referencedRelation: 'cities'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_referrer_id_fkey'
            columns: ['referrer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      profiles: {
        Row: ProfilesRow
        Relationships: [
          {
            foreignKeyName: 'profiles_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: true
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      orders: {
        Row: OrdersRow
        Relationships: [
          {
            foreignKeyName: 'orders_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
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
  /** The module club@1 */
  'club@1': {
    Tables: {
      users: {
        Row: ClubV1UsersRow
        Insert: ClubV1UsersInsert
        Update: ClubV1UsersUpdate
        Relationships: []
      }
    }
    Views: {
      [_ in never]: never
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
  /** The module crm@1 */
  'crm@1': {
    Tables: {
      customers: {
        Row: CustomersRow
        Insert: CustomersInsert
        Update: CustomersUpdate
        Relationships: [
          {
            foreignKeyName: 'customers_city_id_fkey'
            columns: ['city_id']
            isOneToOne: false
            referencedRelation: 'cities'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_referrer_id_fkey'
            columns: ['referrer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      profiles: {
        Row: ProfilesRow
        Insert: ProfilesInsert
        Update: ProfilesUpdate
        Relationships: [
          {
            foreignKeyName: 'profiles_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: true
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      orders: {
        Row: OrdersRow
        Insert: OrdersInsert
        Update: OrdersUpdate
        Relationships: [
          {
            foreignKeyName: 'orders_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      users: {
        Row: CrmV1UsersRow
        Insert: CrmV1UsersInsert
        Update: CrmV1UsersUpdate
        Relationships: []
      }
    }
    Views: {
      cities: {
        Row: CitiesRow
        Relationships: []
      }
    }
    Functions: {
      /** Customers who live in a city */
      customers_in: {
        Args: {
          city: string
          /** Default: 0 */
          least_age?: number
        }
        Returns: CustomersRow[]
        SetofOptions: { from: '*'; to: 'customers'; isOneToOne: false; isSetofReturn: true }
      }
      credit_of: {
        Args: {
          statuses?: ('lead' | 'active' | 'inactive')[] | null
        }
        Returns: number
      }
      spending: {
        Args: never
        Returns: {
          title: string
          /** 64 bits: JavaScript keeps 53 of them */
          orders: number
          /** Exact: 14 digits, 2 of them after the point */
          total: number
        }[]
      }
      promote: {
        Args: {
          customer: string
        }
        Returns: CustomersRow
        SetofOptions: { from: '*'; to: 'customers'; isOneToOne: true; isSetofReturn: false }
      }
      visit: {
        Args: {
          customer: string
        }
        Returns: undefined
      }
    }
    Enums: {
      customers_status: 'lead' | 'active' | 'inactive'
    }
    CompositeTypes: {
      [_ in never]: never
    }
  }
  /** The module directory@1 */
  'directory@1': {
    Tables: {
      cities: {
        Row: CitiesRow
        Insert: CitiesInsert
        Update: CitiesUpdate
        Relationships: []
      }
    }
    Views: {
      customers: {
        Row: CustomersRow
        Relationships: [
          {
            foreignKeyName: 'customers_city_id_fkey'
            columns: ['city_id']
            isOneToOne: false
            referencedRelation: 'cities'
            referencedColumns: ['id']
          },
          {
            foreignKeyName: 'customers_referrer_id_fkey'
            columns: ['referrer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      profiles: {
        Row: ProfilesRow
        Relationships: [
          {
            foreignKeyName: 'profiles_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: true
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
      }
      orders: {
        Row: OrdersRow
        Relationships: [
          {
            foreignKeyName: 'orders_customer_id_fkey'
            columns: ['customer_id']
            isOneToOne: false
            referencedRelation: 'customers'
            referencedColumns: ['id']
          },
        ]
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
