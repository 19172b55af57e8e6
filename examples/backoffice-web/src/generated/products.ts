// Made by "npm run generate". Make it anew instead of changing it.

export interface paths {
    "/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Rows of products */
        get: operations["products_v1_listProducts"];
        /** Insert one row of products, or change the one with its key */
        put: operations["products_v1_putProducts"];
        /** Insert into products */
        post: operations["products_v1_insertProducts"];
        /** Delete the rows of products that the filters match */
        delete: operations["products_v1_deleteProducts"];
        options?: never;
        head?: never;
        /** Change the rows of products that the filters match */
        patch: operations["products_v1_updateProducts"];
        trace?: never;
    };
    "/low-stock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** GET /low-stock */
        get: operations["products_v1_get_low_stock"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        products_v1_Products: {
            /** Format: uuid */
            id: string;
            sku: string;
            title: string;
            /** @description Exact: 12 digits, 2 of them after the point */
            price: number;
            /** Format: int32 */
            stock: number;
            tags: string[];
            /** @description Any JSON */
            details: Record<string, unknown> | unknown[] | string | number | boolean;
            active: boolean;
            /** Format: date-time */
            readonly created_at: string;
            /** Format: date-time */
            readonly updated_at: string;
        };
        products_v1_ProductsInsert: {
            /** Format: uuid */
            id?: string;
            sku: string;
            title: string;
            /** @description Exact: 12 digits, 2 of them after the point */
            price: number | string;
            /**
             * Format: int32
             * @default 0
             */
            stock?: number;
            /** @default [] */
            tags?: string[];
            /**
             * @description Any JSON
             * @default {}
             */
            details?: Record<string, unknown> | unknown[] | string | number | boolean;
            /** @default true */
            active?: boolean;
        };
        products_v1_ProductsPatch: {
            sku?: string;
            title?: string;
            /** @description Exact: 12 digits, 2 of them after the point */
            price?: number | string;
            /** Format: int32 */
            stock?: number;
            tags?: string[];
            /** @description Any JSON */
            details?: Record<string, unknown> | unknown[] | string | number | boolean;
            active?: boolean;
        };
        Error: {
            /** @description PostgREST's or PostgreSQL's code where there is one, else ours */
            code: string;
            /** @description What was wrong */
            message: string;
            details: string | null;
            /** @description What to do about it */
            hint: string | null;
            /** @description Messages for each field that is wrong */
            fields?: {
                [key: string]: string[];
            };
        };
    };
    responses: {
        /** @description The request or its payload is not well formed, or names an unknown field */
        400: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description A valid token is needed */
        401: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The token does not allow this */
        403: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description There is nothing at this path for the tenant */
        404: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description A single object was asked for, and the answer is not one row */
        406: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The change is in conflict with other rows or with a newer revision */
        409: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The row has another `ETag`, is not there, or is there already */
        412: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The body or the answer is too large */
        413: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description The range lies outside the rows */
        416: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
        /** @description Too much is going on; the same request may succeed in a moment */
        503: {
            headers: {
                "Retry-After": components["headers"]["retryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Error"];
            };
        };
    };
    parameters: {
        /**
         * @description The fields of the rows in the answer, where it has any
         * @example *
         */
        select: string;
        /**
         * @description Fields to sort by, each with `.asc`, `.desc`, `.nullsfirst`, `.nullslast`
         * @example created_at.desc
         */
        order: string;
        /** @description At most so many rows */
        limit: number;
        /** @description Leaves out the first rows */
        offset: number;
        /**
         * @description All of these hold
         * @example (created_at.gte.2026-01-01,created_at.lt.2026-02-01)
         */
        and: string;
        /**
         * @description One of these holds
         * @example (created_at.gte.2026-01-01,updated_at.gte.2026-01-01)
         */
        or: string;
        /**
         * @description The fields of the payload to use, with commas between; others are ignored
         * @example id
         */
        columns: string;
        /**
         * @description The unique fields that tell whether a row exists; absent: the key
         * @example id
         */
        on_conflict: string;
        /**
         * @description The rows from and to, counted from 0; in place of `limit` and `offset`
         * @example 0-24
         */
        range: string;
        /** @description Where the page begins: as the `Link` of the page before has it, and never made by hand */
        after: string;
        /**
         * @description The `ETag` that the one row, named by its key, must still have; `*` when it only has to be there
         * @example "7"
         */
        ifMatch: string;
        /** @description Reading: the `ETag` that the caller has. Writing: `*` creates the row unless it is there */
        ifNoneMatch: string;
        /** @description A name for this write and its repetitions: it is made once, and answered alike */
        idempotencyKey: string;
        /**
         * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
         * @example eq.018f4c5e-7a10-7c3d-9b52-3f6d1c0a8e41
         */
        "products_v1_Products.id": string;
        /**
         * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `like`, `ilike`, `match`, `imatch`, `fts`, `plfts`, `phfts`, `wfts`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `like(all).{*a*,*b*}`. A search may name its language: `wfts(english).words to find`.
         * @example ilike.*word*
         */
        "products_v1_Products.sku": string;
        /**
         * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `like`, `ilike`, `match`, `imatch`, `fts`, `plfts`, `phfts`, `wfts`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `like(all).{*a*,*b*}`. A search may name its language: `wfts(english).words to find`.
         * @example ilike.*word*
         */
        "products_v1_Products.title": string;
        /**
         * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
         * @example lt.100.50
         */
        "products_v1_Products.price": string;
        /**
         * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
         * @example gte.10
         */
        "products_v1_Products.stock": string;
        /**
         * @description Filter: `operator.value`, or `not.operator.value`. Operators: `cs`, `cd`, `ov`, `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `is`.
         * @example ov.{a,b}
         */
        "products_v1_Products.tags": string;
        /**
         * @description Filter: `operator.value`, or `not.operator.value`. Operators: `cs`, `cd`, `eq`, `neq`, `isdistinct`, `fts`, `plfts`, `phfts`, `wfts`, `is`. A search may name its language: `wfts(english).words to find`.
         * @example not.is.null
         */
        "products_v1_Products.details": string;
        /**
         * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
         * @example is.true
         */
        "products_v1_Products.active": string;
        /**
         * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
         * @example gte.2026-01-01T00:00:00Z
         */
        "products_v1_Products.created_at": string;
        /**
         * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
         * @example gte.2026-01-01T00:00:00Z
         */
        "products_v1_Products.updated_at": string;
    };
    requestBodies: never;
    headers: {
        /** @description Which rows these are, and of how many when `count` was asked for: `0-24/357`, else `0-24/*` */
        contentRange: string;
        /** @description The revision of the one row that was named by its key */
        etag: string;
        /** @description The next page, with `paging=keyset` while there is one: `<…>; rel="next"` */
        link: string;
        /** @description `true` for the answer that the first such request had */
        idempotencyReplayed: string;
        /** @description Seconds after which to try again */
        retryAfter: number;
        /** @description What of `Prefer` was obeyed */
        preferenceApplied: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    products_v1_listProducts: {
        parameters: {
            query?: {
                /**
                 * @description The fields of the rows; absent: all of them. Related rows: `line_items`.
                 * @example *,line_items(*)
                 */
                select?: string;
                /**
                 * @description Fields to sort by, each with `.asc`, `.desc`, `.nullsfirst`, `.nullslast`
                 * @example created_at.desc
                 */
                order?: components["parameters"]["order"];
                /** @description At most so many rows */
                limit?: components["parameters"]["limit"];
                /** @description Leaves out the first rows */
                offset?: components["parameters"]["offset"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example eq.018f4c5e-7a10-7c3d-9b52-3f6d1c0a8e41
                 */
                id?: components["parameters"]["products_v1_Products.id"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `like`, `ilike`, `match`, `imatch`, `fts`, `plfts`, `phfts`, `wfts`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `like(all).{*a*,*b*}`. A search may name its language: `wfts(english).words to find`.
                 * @example ilike.*word*
                 */
                sku?: components["parameters"]["products_v1_Products.sku"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `like`, `ilike`, `match`, `imatch`, `fts`, `plfts`, `phfts`, `wfts`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `like(all).{*a*,*b*}`. A search may name its language: `wfts(english).words to find`.
                 * @example ilike.*word*
                 */
                title?: components["parameters"]["products_v1_Products.title"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example lt.100.50
                 */
                price?: components["parameters"]["products_v1_Products.price"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example gte.10
                 */
                stock?: components["parameters"]["products_v1_Products.stock"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `cs`, `cd`, `ov`, `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `is`.
                 * @example ov.{a,b}
                 */
                tags?: components["parameters"]["products_v1_Products.tags"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `cs`, `cd`, `eq`, `neq`, `isdistinct`, `fts`, `plfts`, `phfts`, `wfts`, `is`. A search may name its language: `wfts(english).words to find`.
                 * @example not.is.null
                 */
                details?: components["parameters"]["products_v1_Products.details"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example is.true
                 */
                active?: components["parameters"]["products_v1_Products.active"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example gte.2026-01-01T00:00:00Z
                 */
                created_at?: components["parameters"]["products_v1_Products.created_at"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example gte.2026-01-01T00:00:00Z
                 */
                updated_at?: components["parameters"]["products_v1_Products.updated_at"];
                /**
                 * @description All of these hold
                 * @example (created_at.gte.2026-01-01,created_at.lt.2026-02-01)
                 */
                and?: components["parameters"]["and"];
                /**
                 * @description One of these holds
                 * @example (created_at.gte.2026-01-01,updated_at.gte.2026-01-01)
                 */
                or?: components["parameters"]["or"];
                /** @description Where the page begins: as the `Link` of the page before has it, and never made by hand */
                $after?: components["parameters"]["after"];
            };
            header?: {
                /**
                 * @description The rows from and to, counted from 0; in place of `limit` and `offset`
                 * @example 0-24
                 */
                Range?: components["parameters"]["range"];
                /**
                 * @description Any of these, with commas between: `count=exact`, `handling=strict`, `handling=lenient`, `paging=keyset`
                 * @example count=exact
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Rows: all that were asked for, or as many as there may be when they were not counted */
            200: {
                headers: {
                    "Content-Range": components["headers"]["contentRange"];
                    "Preference-Applied": components["headers"]["preferenceApplied"];
                    Link: components["headers"]["link"];
                    "Idempotency-Replayed": components["headers"]["idempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["products_v1_Products"][];
                    "application/vnd.pgrst.object+json": components["schemas"]["products_v1_Products"];
                    "text/csv": string;
                };
            };
            /** @description A part of the rows, which were counted */
            206: {
                headers: {
                    "Content-Range": components["headers"]["contentRange"];
                    "Preference-Applied": components["headers"]["preferenceApplied"];
                    Link: components["headers"]["link"];
                    "Idempotency-Replayed": components["headers"]["idempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["products_v1_Products"][];
                    "application/vnd.pgrst.object+json": components["schemas"]["products_v1_Products"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            406: components["responses"]["406"];
            416: components["responses"]["416"];
            503: components["responses"]["503"];
        };
    };
    products_v1_putProducts: {
        parameters: {
            query: {
                /** @description The key of the row, as `eq.value`; the row must have the same */
                id: string;
                /**
                 * @description The fields of the rows in the answer, where it has any
                 * @example *
                 */
                select?: components["parameters"]["select"];
                /**
                 * @description The fields of the payload to use, with commas between; others are ignored
                 * @example id
                 */
                columns?: components["parameters"]["columns"];
            };
            header?: {
                /**
                 * @description The `ETag` that the one row, named by its key, must still have; `*` when it only has to be there
                 * @example "7"
                 */
                "If-Match"?: components["parameters"]["ifMatch"];
                /** @description Reading: the `ETag` that the caller has. Writing: `*` creates the row unless it is there */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description A name for this write and its repetitions: it is made once, and answered alike */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
                /**
                 * @description Any of these, with commas between: `return=minimal`, `return=representation`, `return=headers-only`, `missing=default`, `count=exact`, `handling=strict`, `handling=lenient`
                 * @example return=representation
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["products_v1_ProductsInsert"];
                "text/csv": string;
            };
        };
        responses: {
            /** @description Changed; the row, as `return=representation` asks */
            200: {
                headers: {
                    "Content-Range": components["headers"]["contentRange"];
                    "Preference-Applied": components["headers"]["preferenceApplied"];
                    Link: components["headers"]["link"];
                    "Idempotency-Replayed": components["headers"]["idempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["products_v1_Products"][];
                    "application/vnd.pgrst.object+json": components["schemas"]["products_v1_Products"];
                    "text/csv": string;
                };
            };
            /** @description Inserted; the row, as `return=representation` asks */
            201: {
                headers: {
                    "Content-Range": components["headers"]["contentRange"];
                    "Preference-Applied": components["headers"]["preferenceApplied"];
                    Link: components["headers"]["link"];
                    "Idempotency-Replayed": components["headers"]["idempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["products_v1_Products"][];
                    "application/vnd.pgrst.object+json": components["schemas"]["products_v1_Products"];
                    "text/csv": string;
                };
            };
            /** @description Inserted or changed */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            406: components["responses"]["406"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            503: components["responses"]["503"];
        };
    };
    products_v1_insertProducts: {
        parameters: {
            query?: {
                /**
                 * @description The fields of the rows in the answer, where it has any
                 * @example *
                 */
                select?: components["parameters"]["select"];
                /**
                 * @description The fields of the payload to use, with commas between; others are ignored
                 * @example id
                 */
                columns?: components["parameters"]["columns"];
                /**
                 * @description The unique fields that tell whether a row exists; absent: the key
                 * @example id
                 */
                on_conflict?: components["parameters"]["on_conflict"];
            };
            header?: {
                /** @description Reading: the `ETag` that the caller has. Writing: `*` creates the row unless it is there */
                "If-None-Match"?: components["parameters"]["ifNoneMatch"];
                /** @description A name for this write and its repetitions: it is made once, and answered alike */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
                /**
                 * @description Any of these, with commas between: `return=minimal`, `return=representation`, `return=headers-only`, `resolution=merge-duplicates`, `resolution=ignore-duplicates`, `missing=default`, `count=exact`, `handling=strict`, `handling=lenient`
                 * @example return=representation
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["products_v1_ProductsInsert"] | components["schemas"]["products_v1_ProductsInsert"][];
                "text/csv": string;
            };
        };
        responses: {
            /** @description With `resolution=merge-duplicates`: all rows were there before and have been changed */
            200: {
                headers: {
                    "Content-Range": components["headers"]["contentRange"];
                    "Preference-Applied": components["headers"]["preferenceApplied"];
                    Link: components["headers"]["link"];
                    "Idempotency-Replayed": components["headers"]["idempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["products_v1_Products"][];
                    "application/vnd.pgrst.object+json": components["schemas"]["products_v1_Products"];
                    "text/csv": string;
                };
            };
            /** @description Inserted; the rows with `return=representation` */
            201: {
                headers: {
                    "Content-Range": components["headers"]["contentRange"];
                    "Preference-Applied": components["headers"]["preferenceApplied"];
                    Link: components["headers"]["link"];
                    "Idempotency-Replayed": components["headers"]["idempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["products_v1_Products"][];
                    "application/vnd.pgrst.object+json": components["schemas"]["products_v1_Products"];
                    "text/csv": string;
                };
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            406: components["responses"]["406"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            503: components["responses"]["503"];
        };
    };
    products_v1_deleteProducts: {
        parameters: {
            query?: {
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example eq.018f4c5e-7a10-7c3d-9b52-3f6d1c0a8e41
                 */
                id?: components["parameters"]["products_v1_Products.id"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `like`, `ilike`, `match`, `imatch`, `fts`, `plfts`, `phfts`, `wfts`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `like(all).{*a*,*b*}`. A search may name its language: `wfts(english).words to find`.
                 * @example ilike.*word*
                 */
                sku?: components["parameters"]["products_v1_Products.sku"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `like`, `ilike`, `match`, `imatch`, `fts`, `plfts`, `phfts`, `wfts`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `like(all).{*a*,*b*}`. A search may name its language: `wfts(english).words to find`.
                 * @example ilike.*word*
                 */
                title?: components["parameters"]["products_v1_Products.title"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example lt.100.50
                 */
                price?: components["parameters"]["products_v1_Products.price"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example gte.10
                 */
                stock?: components["parameters"]["products_v1_Products.stock"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `cs`, `cd`, `ov`, `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `is`.
                 * @example ov.{a,b}
                 */
                tags?: components["parameters"]["products_v1_Products.tags"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `cs`, `cd`, `eq`, `neq`, `isdistinct`, `fts`, `plfts`, `phfts`, `wfts`, `is`. A search may name its language: `wfts(english).words to find`.
                 * @example not.is.null
                 */
                details?: components["parameters"]["products_v1_Products.details"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example is.true
                 */
                active?: components["parameters"]["products_v1_Products.active"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example gte.2026-01-01T00:00:00Z
                 */
                created_at?: components["parameters"]["products_v1_Products.created_at"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example gte.2026-01-01T00:00:00Z
                 */
                updated_at?: components["parameters"]["products_v1_Products.updated_at"];
                /**
                 * @description All of these hold
                 * @example (created_at.gte.2026-01-01,created_at.lt.2026-02-01)
                 */
                and?: components["parameters"]["and"];
                /**
                 * @description One of these holds
                 * @example (created_at.gte.2026-01-01,updated_at.gte.2026-01-01)
                 */
                or?: components["parameters"]["or"];
                /**
                 * @description The fields of the rows in the answer, where it has any
                 * @example *
                 */
                select?: components["parameters"]["select"];
            };
            header?: {
                /**
                 * @description The `ETag` that the one row, named by its key, must still have; `*` when it only has to be there
                 * @example "7"
                 */
                "If-Match"?: components["parameters"]["ifMatch"];
                /** @description A name for this write and its repetitions: it is made once, and answered alike */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
                /**
                 * @description Any of these, with commas between: `return=minimal`, `return=representation`, `return=headers-only`, `handling=strict, max-affected=10`, `count=exact`, `handling=strict`, `handling=lenient`
                 * @example return=representation
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted; the rows, as `return=representation` asks */
            200: {
                headers: {
                    "Content-Range": components["headers"]["contentRange"];
                    "Preference-Applied": components["headers"]["preferenceApplied"];
                    Link: components["headers"]["link"];
                    "Idempotency-Replayed": components["headers"]["idempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["products_v1_Products"][];
                    "application/vnd.pgrst.object+json": components["schemas"]["products_v1_Products"];
                    "text/csv": string;
                };
            };
            /** @description Deleted, or there was no such row */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            406: components["responses"]["406"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            503: components["responses"]["503"];
        };
    };
    products_v1_updateProducts: {
        parameters: {
            query?: {
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example eq.018f4c5e-7a10-7c3d-9b52-3f6d1c0a8e41
                 */
                id?: components["parameters"]["products_v1_Products.id"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `like`, `ilike`, `match`, `imatch`, `fts`, `plfts`, `phfts`, `wfts`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `like(all).{*a*,*b*}`. A search may name its language: `wfts(english).words to find`.
                 * @example ilike.*word*
                 */
                sku?: components["parameters"]["products_v1_Products.sku"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `like`, `ilike`, `match`, `imatch`, `fts`, `plfts`, `phfts`, `wfts`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `like(all).{*a*,*b*}`. A search may name its language: `wfts(english).words to find`.
                 * @example ilike.*word*
                 */
                title?: components["parameters"]["products_v1_Products.title"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example lt.100.50
                 */
                price?: components["parameters"]["products_v1_Products.price"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example gte.10
                 */
                stock?: components["parameters"]["products_v1_Products.stock"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `cs`, `cd`, `ov`, `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `is`.
                 * @example ov.{a,b}
                 */
                tags?: components["parameters"]["products_v1_Products.tags"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `cs`, `cd`, `eq`, `neq`, `isdistinct`, `fts`, `plfts`, `phfts`, `wfts`, `is`. A search may name its language: `wfts(english).words to find`.
                 * @example not.is.null
                 */
                details?: components["parameters"]["products_v1_Products.details"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example is.true
                 */
                active?: components["parameters"]["products_v1_Products.active"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example gte.2026-01-01T00:00:00Z
                 */
                created_at?: components["parameters"]["products_v1_Products.created_at"];
                /**
                 * @description Filter: `operator.value`, or `not.operator.value`. Operators: `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `isdistinct`, `in`, `is`. Lists: `in.(a,b)`, `eq(any).{a,b}`, `gt(all).{a,b}`.
                 * @example gte.2026-01-01T00:00:00Z
                 */
                updated_at?: components["parameters"]["products_v1_Products.updated_at"];
                /**
                 * @description All of these hold
                 * @example (created_at.gte.2026-01-01,created_at.lt.2026-02-01)
                 */
                and?: components["parameters"]["and"];
                /**
                 * @description One of these holds
                 * @example (created_at.gte.2026-01-01,updated_at.gte.2026-01-01)
                 */
                or?: components["parameters"]["or"];
                /**
                 * @description The fields of the rows in the answer, where it has any
                 * @example *
                 */
                select?: components["parameters"]["select"];
                /**
                 * @description The fields of the payload to use, with commas between; others are ignored
                 * @example id
                 */
                columns?: components["parameters"]["columns"];
            };
            header?: {
                /**
                 * @description The `ETag` that the one row, named by its key, must still have; `*` when it only has to be there
                 * @example "7"
                 */
                "If-Match"?: components["parameters"]["ifMatch"];
                /** @description A name for this write and its repetitions: it is made once, and answered alike */
                "Idempotency-Key"?: components["parameters"]["idempotencyKey"];
                /**
                 * @description Any of these, with commas between: `return=minimal`, `return=representation`, `return=headers-only`, `missing=default`, `handling=strict, max-affected=10`, `count=exact`, `handling=strict`, `handling=lenient`
                 * @example return=representation
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["products_v1_ProductsPatch"];
                "text/csv": string;
            };
        };
        responses: {
            /** @description Changed; the rows, as `return=representation` asks */
            200: {
                headers: {
                    "Content-Range": components["headers"]["contentRange"];
                    "Preference-Applied": components["headers"]["preferenceApplied"];
                    Link: components["headers"]["link"];
                    "Idempotency-Replayed": components["headers"]["idempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["products_v1_Products"][];
                    "application/vnd.pgrst.object+json": components["schemas"]["products_v1_Products"];
                    "text/csv": string;
                };
            };
            /** @description Changed, or there was no such row */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400"];
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
            406: components["responses"]["406"];
            409: components["responses"]["409"];
            412: components["responses"]["412"];
            413: components["responses"]["413"];
            503: components["responses"]["503"];
        };
    };
    products_v1_get_low_stock: {
        parameters: {
            query?: {
                below?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the route answers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["401"];
            403: components["responses"]["403"];
            404: components["responses"]["404"];
        };
    };
}
