"""What machines read: records, log resources, descriptions of the node; one module per concern.

Owns content negotiation, caching and compression of everything the node serves. Refuses with problem details
(RFC 9457). Pages for people are the portal's; the composition root hands them in where one address serves both.
"""
